// conv2d_fwd with few input channels (D's first layer): c ≤ 4, f32 and bf16, any window and stride.
//
// A block owns up to 512 output pixels of an image (few_channels_tiles.h) and up to 64 output channels, a thread 8 × 8 of them: its pixels
// lie as many apart as threads stand side by side, its channels in two runs of four (in one of eight for bf16), so that neighbouring
// threads write neighbouring channels. All of the sum's terms fit shared memory, so there is one round of staging a tile: the weights once
// a block, transposed to [r·s·c][channels], and the input under the tile. Against the tiles of a matrix product no chunk of channels is
// half empty, and x is not gathered once a tap.
//
// Bounded by the f32 units and shared memory, which are in balance, and in f32 not far below them by writing y.
#pragma once
#include "kernels/conv2d/few_channels_tiles.h"

namespace duel::few_fwd {

using namespace few_tiles;

// The weights' rows: four words more than channels, so that eight rows of four channels, which a warp writes, fill the banks once.
HD inline int weight_pitch(int lanes) { return own * lanes + 4; }

// How a block's threads stand: lanes over channels, groups over pixels; a tile's columns are no more than groups.
struct Layout {
  int lanes, groups, channel_blocks, row_step;  // row_step: rows of the tile from one of a thread's pixels to the next
  WindowTile tile;
  Layout(const Conv2dProblem& p, int threads)
      : lanes(channel_lanes(p)),
        groups(threads / lanes),
        channel_blocks(static_cast<int>(blocks_for(p.k, own * lanes))),
        tile(p, own * groups, groups >= 32 ? 5 : 4) {
    row_step = groups >> tile.log2_cols;
  }
  size_t shared_bytes(const Conv2dProblem& p, bool finishes) const {  // finishes: biases behind the weights
    return sizeof(float) * static_cast<size_t>(tile.words() + (p.r * p.s * p.c + finishes) * weight_pitch(lanes));
  }
};

inline bool supports(const Conv2dProblem& p, int threads, bool finishes = false) {
  if (!is_few(p)) return false;
  const Layout layout(p, threads);
  // A tile that is nearly empty is another row's: those of 16 × 16 threads lose a factor of sixteen or more by their loads.
  const int64_t channels = int64_t{layout.channel_blocks} * own * layout.lanes;
  const bool filled = 32 * p.y_count() >= int64_t{layout.tile.tiles} * own * layout.groups * channels;
  return filled && layout.shared_bytes(p, finishes) <= most_shared;
}

// The e-th channel of a lane, and where a channel's weights lie in a row.
template <class T>
__device__ int channel_of(int lanes, int lane, int e) {
  return sizeof(T) == 2 ? own * lane + e : e / 4 * 4 * lanes + 4 * lane + e % 4;
}
template <class T>
__device__ int position_of(int lanes, int channel) {
  return sizeof(T) == 2 ? channel % 8 / 4 * 4 * lanes + channel / 8 * 4 + channel % 4 : channel;
}

// to[at][channel] = w[k0 + channel][at], a word at a time: a warp reads 32 bytes of four channels.
template <class T>
__device__ void stage_weights(float* to, const Conv2dProblem& d, int lanes, int k0, const T* w) {
  constexpr int elements = word_elements<T>;
  const int lane = static_cast<int>(threadIdx.x) % 32, warps = static_cast<int>(blockDim.x) / 32;
  const int depth = d.r * d.s * d.c, pieces = (depth + 8 * elements - 1) / (8 * elements);
  for (int unit = static_cast<int>(threadIdx.x) / 32; unit < 2 * lanes * pieces; unit += warps) {
    const int channel = unit / pieces * 4 + lane / 8, at = (unit % pieces * 8 + lane % 8) * elements;
    if (at >= depth) continue;
    float values[elements] = {};
    const T* from = w + (k0 + channel) * depth + at;
    if (k0 + channel < d.k) {
      if (elements == 1 || at + 1 < depth) read_word(values, from, depth % elements == 0);
      else values[0] = from[0];
    }
#pragma unroll
    for (int i = 0; i < elements; ++i) {
      const int e = elements == 1 ? 0 : i ^ lane % 8 / 4;  // rows eight apart share their banks, so half of the lanes begin with the other
      if (at + e < depth) to[(at + e) * weight_pitch(lanes) + position_of<T>(lanes, channel)] = e == 0 ? values[0] : values[elements - 1];
    }
  }
}

template <class T>
__device__ void store_channels(T* y, const float (&sums)[own], int lanes, int lane, int left) {  // left: channels from y on
  if constexpr (sizeof(T) == 2) {
    if (left % own == 0) {
      if (own * lane >= left) return;
      Pack<T, 8> eight;
#pragma unroll
      for (int e = 0; e < own; ++e) eight.at[e] = static_cast<T>(sums[e]);
      store_vec(y + own * lane, eight);
      return;
    }
  } else if (left % 4 == 0) {
#pragma unroll
    for (int e = 0; e < own; e += 4)
      if (channel_of<T>(lanes, lane, e) < left)
        store_vec(y + channel_of<T>(lanes, lane, e), Pack<float, 4>{{sums[e], sums[e + 1], sums[e + 2], sums[e + 3]}});
    return;
  }
#pragma unroll
  for (int e = 0; e < own; ++e)
    if (channel_of<T>(lanes, lane, e) < left) y[channel_of<T>(lanes, lane, e)] = static_cast<T>(sums[e]);
}

// The work of a grid of blocks (jobs.h), each with the tiles block, block + resident, … of its channels. Then: as AsSummed.
template <class T, int C, class Read, class Then = AsSummed>
struct Job {
  static constexpr bool finishes = !std::is_same_v<Then, AsSummed>;
  Conv2dProblem d;
  Layout layout;
  int resident;
  Read x;
  const T* w;
  T* y;
  [[no_unique_address]] Then then;
  Job(const Conv2dProblem& p, const Layout& how, int most_resident, const Read& read, const void* weights, void* out,
      const Then& behind = {})
      : d(p),
        layout(how),
        resident(std::min(how.tile.tiles, most_resident)),
        x(read),
        w(static_cast<const T*>(weights)),
        y(static_cast<T*>(out)),
        then(behind) {}
  HD int blocks() const { return resident * layout.channel_blocks; }
  size_t shared_bytes() const { return layout.shared_bytes(d, finishes); }
  __device__ void operator()(float* input, int block) const;  // input: WindowTile::words() of them, then the weights
};

template <class T, int C, class Read, class Then>
__device__ void Job<T, C, Read, Then>::operator()(float* input, int block) const {
  constexpr int P = padded(C), together = C == 4 ? 2 : C;  // channels at a time: of four, registers for two
  constexpr int halves = C == 3 ? 1 : 2;                   // of a tap's weights at a time: beside three channels, registers for one
  const WindowTile& tile = layout.tile;
  const int lanes = layout.lanes, row_step = layout.row_step, k0 = block / resident * own * lanes;
  float* const weights = input + tile.words();
  const int lane = static_cast<int>(threadIdx.x) % lanes, group = static_cast<int>(threadIdx.x) / lanes;
  const int col = group & ((1 << tile.log2_cols) - 1), row = group >> tile.log2_cols;
  stage_weights(weights, d, lanes, k0, w);
  if constexpr (finishes)  // biases are one row more
    for (int i = static_cast<int>(threadIdx.x); i < own * lanes; i += static_cast<int>(blockDim.x))
      weights[d.r * d.s * d.c * weight_pitch(lanes) + position_of<T>(lanes, i)] = k0 + i < d.k ? then.bias(k0 + i) : 0.f;
  for (int number = block % resident; number < tile.tiles; number += resident) {
    const WindowTile::Place at = tile.place(d, number);
    stage_input<C>(input, tile, at, d, x);
    __syncthreads();
    float sums[own][own] = {};
    const float* first = input + row * d.u * tile.pitch + (at.skipped + col * d.v) * P;
    const int step = row_step * d.u * tile.pitch;  // from one of the thread's pixels to the next
    const float* tap_weights = weights + 4 * lane;
    for (int r = 0; r < d.r; ++r, first += tile.pitch) {
#pragma unroll 1
      for (int s = 0; s < d.s; ++s) {
#pragma unroll
        for (int c0 = 0; c0 < C; c0 += together) {
          float in[own][together];
#pragma unroll
          for (int i = 0; i < own; ++i) read_channels(in[i], first + i * step + s * P + c0);
#pragma unroll
          for (int c = 0; c < together; ++c, tap_weights += weight_pitch(lanes)) {
#pragma unroll
            for (int half = 0; half < 2; half += halves) {
              Pack<float, 4> four[halves];
#pragma unroll
              for (int l = 0; l < halves; ++l) four[l] = read_floats<4>(tap_weights + 4 * lanes * (half + l));
#pragma unroll
              for (int i = 0; i < own; ++i)
#pragma unroll
                for (int e = 0; e < 4 * halves; ++e) sums[i][4 * half + e] = fma_rn(in[i][c], four[e / 4].at[e % 4], sums[i][4 * half + e]);
            }
          }
        }
      }
    }
    const auto finish = [&](float(&of)[own]) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const auto bias = read_floats<4>(tap_weights + 4 * lanes * half);
#pragma unroll
        for (int e = 0; e < 4; ++e) of[4 * half + e] = then.finished(of[4 * half + e], bias.at[e]);
      }
    };
    constexpr bool before_all = sizeof(T) == 2;  // which of both orders has registers enough
    if constexpr (finishes && before_all)
#pragma unroll
      for (int i = 0; i < own; ++i) finish(sums[i]);
    const int q = at.q + col;
#pragma unroll
    for (int i = 0; i < own; ++i) {
      const int p = at.p + row + i * row_step;
      if (p >= d.p || q >= d.q) continue;
      if constexpr (finishes && !before_all) finish(sums[i]);
      store_channels(y + ((at.n * d.p + p) * d.q + q) * d.k + k0, sums[i], lanes, lane, d.k - k0);
    }
    __syncthreads();  // the next tile's input comes into the same memory
  }
}

// As a row of its own: a block owns 256 output pixels.
constexpr int pixel_groups = 32;      // eight pixels each: threads side by side
constexpr int resident_blocks = 264;  // two a multiprocessor, that each keeps its weights for several tiles

inline int threads(const Conv2dProblem& p) { return pixel_groups * channel_lanes(p); }
inline bool supports_row(const Conv2dProblem& p, bool finishes = false) { return supports(p, threads(p), finishes); }

template <class Job>
__global__ void __launch_bounds__(256, 2) fwd_few_channels(const __grid_constant__ Job job) {
  job(shared_storage<Words>().at, static_cast<int>(blockIdx.x));
}

template <class T, class Then = AsSummed>
void start(const Conv2dProblem& p, const Conv2dFwd::Args& a, Stream stream, const Then& then = {}) {
  with_channels(p.c, [&](auto c) {
    using Whole = Job<T, c, AsStored<T>, Then>;
    const Whole job(p, Layout(p, threads(p)), resident_blocks, {static_cast<const T*>(a.x)}, a.w, a.y, then);
    launch({.grid = static_cast<unsigned>(job.blocks()), .block = static_cast<unsigned>(threads(p)), .shared_bytes = job.shared_bytes()},
           stream, fwd_few_channels<Whole>, job);
  });
}

}  // namespace duel::few_fwd
