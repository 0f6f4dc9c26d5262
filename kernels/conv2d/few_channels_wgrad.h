// conv2d_wgrad with few input channels (D's first layer, G's last one): c ≤ 4, f32 and bf16, any stride, windows of up to 32 taps at least.
//
// A team of threads owns the gradient of up to 64 output channels whole, a thread 8 channels × up to 12 columns of (r,s,c) in registers,
// and goes through pixels: of each it reads eight values of gy and its taps' values of x from shared memory. gy comes there once, as it
// lies, by asynchronous copies; the input under the tile as in few_channels_tiles.h. A block's teams take the tile's pixels in turn; at its
// end a block adds up its teams, in their order, and the blocks' parts are added in theirs. No atomics, the same bits each time.
//
// Against the tiles of a matrix product x is not gathered once a tap, and no tile of 64 columns stands half empty. Bounded by the f32
// units, with three or four channels; with one or two by shared memory, whose reads are in balance with them; in f32 not far above reading
// gy.
#pragma once
#include "kernels/conv2d/few_channels_tiles.h"
#include "kernels/conv2d/jobs.h"
#include "kernels/tile/divide.h"

namespace duel::few_wgrad {

using namespace few_tiles;

constexpr int threads = 128, tile_pixels = 128;
constexpr int most_parts = 264, fewest_tiles = 4;  // a part must be worth adding: it is as large as the gradient

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

// Tiles in parts, a block each.
struct Parts {
  int count, tiles;
  explicit Parts(const WindowTile& tile) {
    count = std::clamp(tile.tiles / fewest_tiles, 1, most_parts);
    tiles = (tile.tiles + count - 1) / count;
    count = (tile.tiles + tiles - 1) / tiles;
  }
};

inline size_t shared_bytes(const Conv2dProblem& p) {
  const Teams t(p);
  const size_t staged = static_cast<size_t>(tile_pixels * own * t.lanes) * size_of(p.dtype) +
                        sizeof(float) * static_cast<size_t>(WindowTile(p, tile_pixels).words());
  return std::max(staged, sizeof(float) * static_cast<size_t>(own * t.lanes * t.pitch));
}
inline bool supports(const Conv2dProblem& p) {
  return is_few(p) && Teams(p).teams > 0 && p.k > 1 && shared_bytes(p) <= most_shared && compute_capability() >= 80;
}
inline size_t scratch_bytes(const Conv2dProblem& p) {
  const int parts = Parts(WindowTile(p, tile_pixels)).count;
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

struct alignas(16) Shared {
  float at[4];  // gy of a tile and the input under it; at the end the sums
};

// OnLoad: what else is done to gy as it comes (jobs.h); where that is something, k comes in whole chunks.
template <class T, int C, class OnLoad>
__global__ void __launch_bounds__(threads, 3) wgrad_few_channels(Conv2dProblem d, WindowTile tile, Teams team, Divisor by_depth, int tiles,
                                                                 const T* x, const T* gy, float* gw, OnLoad on_load) {
  constexpr int P = padded(C), taps = taps_of(C), columns = taps * C;
  const int channels = own * team.lanes, k0 = static_cast<int>(blockIdx.y) * channels, depth = d.r * d.s * C;
  float* const memory = shared_storage<Shared>().at;
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
  const int first = static_cast<int>(blockIdx.x) * tiles, last = min(first + tiles, tile.tiles);
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
  float* const out = gw + int64_t{blockIdx.x} * d.w_count() + k0 * depth;
  for (int i = thread; i < min(channels, d.k - k0) * depth; i += threads) {
    const int k = by_depth.quotient(i), column = i - k * depth;
    out[i] = memory[k * team.pitch + column + column / columns];
  }
}

// gw = Σ parts, 32 values a block: its eight warps add a run of parts each, and their sums follow in order. One thread a value would wait
// for hundreds of reads, one after the other.
constexpr int runs = 8;
struct Runs {
  float sum[runs][32];
};
inline __global__ void __launch_bounds__(32 * runs) add_runs_of_parts(int parts, int64_t count, const float* from, float* gw) {
  auto& shared = shared_storage<Runs>();
  const int run = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32, length = (parts + runs - 1) / runs;
  const int64_t i = int64_t{blockIdx.x} * 32 + lane;
  float sum = 0;
  if (i < count)
#pragma unroll 8
    for (int part = run * length; part < min(parts, (run + 1) * length); ++part) sum += from[part * count + i];
  shared.sum[run][lane] = sum;
  __syncthreads();
  if (run != 0 || i >= count) return;
#pragma unroll
  for (int other = 1; other < runs; ++other) sum += shared.sum[other][lane];
  gw[i] = sum;
}

template <class T, class OnLoad = AsLoaded>
void start(const Conv2dProblem& p, const Conv2dWgrad::Args& a, Scratch scratch, Stream stream, const OnLoad& on_load = {}) {
  const Teams team(p);
  const WindowTile tile(p, tile_pixels);
  const Parts parts(tile);
  float* const gw = static_cast<float*>(a.gw);
  float* const to = parts.count == 1 ? gw : static_cast<float*>(scratch.data);
  with_channels(p.c, [&](auto c) {
    launch({.grid = dim3(static_cast<unsigned>(parts.count), blocks_for(p.k, own * team.lanes)),
            .block = threads,
            .shared_bytes = shared_bytes(p)},
           stream, wgrad_few_channels<T, c, OnLoad>, p, tile, team, Divisor(p.r * p.s * p.c), parts.tiles, static_cast<const T*>(a.x),
           static_cast<const T*>(a.gy), to, on_load);
  });
  if (parts.count > 1)
    launch({.grid = blocks_for(p.w_count(), 32), .block = 32 * runs, .shared_bytes = sizeof(Runs)}, stream, add_runs_of_parts, parts.count,
           p.w_count(), to, gw);
}

}  // namespace duel::few_wgrad
