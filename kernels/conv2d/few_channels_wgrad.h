// conv2d_wgrad with few input channels (D's first layer, G's last one): c ≤ 4, f32 and bf16, any stride, windows of up to 32 taps at least.
//
// A team of threads owns the gradient of up to 64 output channels whole, a thread 8 channels × up to 12 columns of (r,s,c) in registers,
// and goes through pixels: of each it reads eight values of gy and its taps' values of x from shared memory. gy comes there once, as it
// lies, by asynchronous copies; the input under the tile as in few_channels_tiles.h. A block's teams take the tile's pixels in turn; at its
// end a block adds up its teams, in their order.
//
// The blocks' parts are added in the same launch, in two stages: which block is the last of a group of parts adds up the group's, and which
// is the last of those the groups'. Both in their order, so that the bits are the same whichever block that is. One block alone would read
// all parts, 3 MB for 64 channels of 4 × 4 × 3, through one multiprocessor; so it reads a sixteenth of them, twice, and all groups but the
// last are added while other blocks still multiply.
//
// Against the tiles of a matrix product x is not gathered once a tap, and no tile of 64 columns stands half empty. Bounded by the f32
// units, with three or four channels; with one or two by shared memory, whose reads are in balance with them; in f32 not far above reading
// gy. The end, when a group's parts and then the groups are added, is bounded by the latency of reading L2.
#pragma once
#include "kernels/conv2d/few_channels_tiles.h"
#include "kernels/conv2d/jobs.h"
#include "kernels/last_block.h"
#include "kernels/tile/divide.h"

namespace duel::few_wgrad {

using namespace few_tiles;

constexpr int threads = 128, tile_pixels = 128;
constexpr int fewest_tiles = 4;  // a part must be worth adding: it is as large as the gradient
constexpr int of_group = 17;     // parts: of 264 about as many as there are groups

// Taps of a thread: three and four channels share the limit of registers that one and two share with shared memory.
HD constexpr int taps_of(int c) { return c == 1 ? 8 : c == 4 ? 2 : 4; }

// How a block's threads stand: `lanes` over channels, `groups` of taps, and as many teams as there is room for.
struct Teams {
  int lanes, groups, teams, columns, pitch;  // of a thread; of the sums in shared memory
  explicit Teams(const Conv2dProblem& p)
      : lanes(channel_lanes(p)),
        groups((p.r * p.s + taps_of(p.c) - 1) / taps_of(p.c)),
        teams(threads / (lanes * groups)),
        columns(taps_of(p.c) * p.c),
        pitch(groups * (columns + 1) | 1) {}
};

inline int channel_blocks(const Conv2dProblem& p) { return static_cast<int>(blocks_for(p.k, own * channel_lanes(p))); }

// Tiles in parts, a block each for each block of channels, and parts in groups. most_blocks: about as many as there is room for at a time.
struct Parts {
  int count, tiles, groups;
  Parts(const Conv2dProblem& p, const WindowTile& tile, int most_blocks) {
    count = std::clamp(tile.tiles / fewest_tiles, 1, std::max(1, most_blocks / channel_blocks(p)));
    tiles = (tile.tiles + count - 1) / count;
    count = (tile.tiles + tiles - 1) / tiles;
    groups = (count + of_group - 1) / of_group;
  }
  HD int tickets() const { return groups == 1 ? 1 : groups + 1; }  // of a block of channels: one a group, and one for the groups
};
constexpr int resident = 264;                   // blocks
static_assert(resident / 2 <= conv2d_tickets);  // most are wanted where there are two parts; with several groups fewer

inline size_t shared_bytes(const Conv2dProblem& p) {
  const Teams t(p);
  const size_t staged = static_cast<size_t>(tile_pixels * own * t.lanes) * size_of(p.dtype) +
                        sizeof(float) * static_cast<size_t>(WindowTile(p, tile_pixels).words());
  return std::max(staged, sizeof(float) * static_cast<size_t>(own * t.lanes * t.pitch));
}
inline bool supports(const Conv2dProblem& p) {
  return is_few(p) && Teams(p).teams > 0 && p.k > 1 && shared_bytes(p) <= most_shared && compute_capability() >= 80;
}
inline size_t scratch_bytes(const Conv2dProblem& p, int most_blocks) {
  const int parts = Parts(p, WindowTile(p, tile_pixels), most_blocks).count;
  return parts == 1 ? 0 : sizeof(float) * static_cast<size_t>(parts) * static_cast<size_t>(p.w_count());
}

// f(where a piece of gy goes, where it comes from, whether it is there, its first channel), for the pieces of a tile's pixels, cols to a
// row, that are this thread's: [pixel][channels] in shared memory, `together` of them a piece.
template <class T, class F>
__device__ void each_piece(T* to, const WindowTile::Place& at, int rows, int cols, int channels, int k0, int together,
                           const Conv2dProblem& d, const T* gy, F f) {
  const int pieces = channels / together, shift = 31 - __clz(pieces);
  for (int row = 0; row < rows; ++row) {
    const T* from = gy + ((at.n * d.p + at.p + row) * d.q + at.q) * d.k + k0;
    for (int i = static_cast<int>(threadIdx.x); i < cols << shift; i += threads) {
      const int col = i >> shift, k = (i & (pieces - 1)) * together;
      const bool inside = k0 + k < d.k;
      f(to + (row * cols + col) * channels + k, inside ? from + col * d.k + k : gy, inside, k0 + k);
    }
  }
}

// to = Σ of `count` parts' values, `stride` apart; `together` of the values at a time, 1 or 4. `to` may be the first part.
template <int together>
__device__ void add(const float* parts, int64_t stride, int count, int values, float* to) {
  const auto value = [&](int64_t at) {
    if constexpr (together == 4) return load_stream<Pack<float, 4>>(parts + at);
    else return parts[at];
  };
  for (int i = static_cast<int>(threadIdx.x) * together; i < values; i += threads * together) {
    auto sum = value(i);
#pragma unroll 8
    for (int part = 1; part < count; ++part) {
      const auto more = value(part * stride + i);
      if constexpr (together == 4) {
#pragma unroll
        for (int e = 0; e < 4; ++e) sum.at[e] += more.at[e];
      } else {
        sum += more;
      }
    }
    if constexpr (together == 4) store_vec(to + i, sum);
    else to[i] = sum;
  }
}

// The work of a grid of blocks (jobs.h), a part of the tiles for a block of channels each.
// OnLoad: what else is done to gy as it comes (jobs.h); where that is something, k comes in whole chunks.
template <class T, int C, class Read, class OnLoad>
struct Job {
  Conv2dProblem d;
  WindowTile tile;
  Teams team;
  Parts parts;
  Divisor by_depth;
  Read x;
  const T* gy;
  float *gw, *sums_of_parts;  // [parts.count, k,r,s,c]; gw itself where there is one
  unsigned* tickets;
  OnLoad on_load;
  Job(const Conv2dProblem& p, int most_blocks, const Read& read, const void* gradient, void* out, Scratch scratch, void* all_tickets,
      const OnLoad& touch)
      : d(p),
        tile(p, tile_pixels),
        team(p),
        parts(p, tile, most_blocks),
        by_depth(p.r * p.s * p.c),
        x(read),
        gy(static_cast<const T*>(gradient)),
        gw(static_cast<float*>(out)),
        sums_of_parts(parts.count == 1 ? gw : static_cast<float*>(scratch.data)),
        tickets(static_cast<unsigned*>(all_tickets)),
        on_load(touch) {}
  int blocks() const { return parts.count * channel_blocks(d); }
  size_t shared_bytes() const { return few_wgrad::shared_bytes(d); }
  __device__ void operator()(float* memory, int block) const;  // memory: gy of a tile and the input under it; at the end the sums
  __device__ void add_parts(int part, int channel_block, int first, int values) const;
};

// Of the values from `first` on that a block of channels has, by the blocks that finish last.
template <class T, int C, class Read, class OnLoad>
__device__ void Job<T, C, Read, OnLoad>::add_parts(int part, int channel_block, int first, int values) const {
  const int64_t stride = d.w_count();
  unsigned* const of_block = tickets + channel_block * parts.tickets();
  const auto sum = [&](float* from, int64_t apart, int count, float* to) {
    if (stride % 4 == 0) add<4>(from + first, apart, count, values, to + first);
    else add<1>(from + first, apart, count, values, to + first);
  };
  const int group = part / of_group, of_this = min(of_group, parts.count - group * of_group);
  float* const group_sum = sums_of_parts + group * of_group * stride;
  if (!is_last_block(of_block + group, of_this)) return;
  sum(group_sum, stride, of_this, parts.groups == 1 ? gw : group_sum);
  if (parts.groups > 1 && is_last_block(of_block + parts.groups, parts.groups)) sum(sums_of_parts, of_group * stride, parts.groups, gw);
}

template <class T, int C, class Read, class OnLoad>
__device__ void Job<T, C, Read, OnLoad>::operator()(float* const memory, int block) const {
  constexpr int P = padded(C), taps = taps_of(C), columns = taps * C;
  const int channel_block = block / parts.count, part = block - channel_block * parts.count;
  const int channels = own * team.lanes, k0 = channel_block * channels, depth = d.r * d.s * C;
  T* const staged = reinterpret_cast<T*>(memory);
  float* const input = reinterpret_cast<float*>(staged + tile_pixels * channels);
  constexpr int elements = chunk_elements<T>;
  const int together = d.k % elements == 0 ? elements : 1;
  const int thread = static_cast<int>(threadIdx.x), of_team = team.lanes * team.groups;
  const int number = thread / of_team, lane = thread % team.lanes, group = thread % of_team / team.lanes;
  int offset[taps];  // of the thread's taps from the window's first pixel; those past the last one repeat it
#pragma unroll
  for (int j = 0; j < taps; ++j) {
    const int tap = min(group * taps + j, d.r * d.s - 1);
    offset[j] = tap / d.s * tile.pitch + tap % d.s * P;
  }
  float sums[own][columns] = {};
  const int first = part * parts.tiles, last = min(first + parts.tiles, tile.tiles);
  for (int t = first; t < last; ++t) {
    const WindowTile::Place at = tile.place(d, t);
    const int rows = min(tile.rows, d.p - at.p), cols = min(1 << tile.log2_cols, d.q - at.q);
    __syncthreads();  // everyone has done with the tile before
    each_piece(staged, at, rows, cols, channels, k0, together, d, gy, [&](T* to, const T* from, bool inside, int) {
      if (together > 1) copy_async<16>(to, from, inside);
      else *to = inside ? *from : T(0.f);  // zeros where there is no such channel
    });
    copy_async_commit();
    stage_input<C>(input, tile, at, d, x);
    copy_async_wait<0>();
    if constexpr (!std::is_same_v<OnLoad, AsLoaded>)
      each_piece(staged, at, rows, cols, channels, k0, together, d, gy, [&](T* to, const T*, bool inside, int k) {
        if (inside) on_load(to, at.n, k);
      });
    __syncthreads();
    const int pixels = team.teams > number ? rows * cols : 0;  // threads beyond the last team have none
    int row = 0, col = number;
    for (int pixel = number; pixel < pixels; pixel += team.teams, col += team.teams) {
      for (; col >= cols; col -= cols) ++row;
      float g[own], in[taps][C];
      read_four(g, staged + pixel * channels + 4 * lane);
      read_four(g + 4, staged + pixel * channels + 4 * (team.lanes + lane));
      const float* window = input + row * d.u * tile.pitch + (at.skipped + col * d.v) * P;
#pragma unroll
      for (int j = 0; j < taps; ++j) {
        if constexpr (C == 4) {
          const auto four = read_floats<4>(window + offset[j]);
#pragma unroll
          for (int c = 0; c < C; ++c) in[j][c] = four.at[c];
        } else {
          read_channels(in[j], window + offset[j]);
        }
      }
#pragma unroll
      for (int e = 0; e < own; ++e)
#pragma unroll
        for (int j = 0; j < columns; ++j) sums[e][j] = fma_rn(g[e], in[j / C][j % C], sums[e][j]);
    }
  }
  // The teams' sums, one after the other. A group's columns begin at an odd distance from the next one's, so that 8 × 4 threads meet 32
  // banks.
  for (int turn = 0; turn < team.teams; ++turn) {
    __syncthreads();
    if (number != turn) continue;
#pragma unroll
    for (int e = 0; e < own; ++e) {
      float* const to = memory + (e / 4 * 4 * team.lanes + 4 * lane + e % 4) * team.pitch + group * (columns + 1);
#pragma unroll
      for (int j = 0; j < columns; ++j) to[j] = turn == 0 ? sums[e][j] : to[j] + sums[e][j];
    }
  }
  __syncthreads();
  const int values = min(channels, d.k - k0) * depth;
  float* const out = sums_of_parts + part * d.w_count() + k0 * depth;
  for (int i = thread; i < values; i += threads) {
    const int k = by_depth.quotient(i), column = i - k * depth;
    out[i] = memory[k * team.pitch + column + column / columns];
  }
  if (parts.count > 1) add_parts(part, channel_block, k0 * depth, values);
}

template <class Job>
__global__ void __launch_bounds__(threads, 3) wgrad_few_channels(const __grid_constant__ Job job) {
  job(shared_storage<Words>().at, static_cast<int>(blockIdx.x));
}

template <class T, class OnLoad = AsLoaded>
void start(const Conv2dProblem& p, const Conv2dWgrad::Args& a, Scratch scratch, Stream stream, const OnLoad& on_load = {}) {
  with_channels(p.c, [&](auto c) {
    const Job<T, c, AsStored<T>, OnLoad> job(p, resident, {static_cast<const T*>(a.x)}, a.gy, a.gw, scratch, a.tickets, on_load);
    launch({.grid = static_cast<unsigned>(job.blocks()), .block = threads, .shared_bytes = job.shared_bytes()}, stream,
           wgrad_few_channels<std::remove_const_t<decltype(job)>>, job);
  });
}

}  // namespace duel::few_wgrad
