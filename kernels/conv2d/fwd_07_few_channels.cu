// conv2d_fwd with few input channels (D's first layer): c ≤ 4, f32 and bf16, any window and stride.
//
// A block owns 256 output pixels of an image (few_channels_tiles.h) and up to 64 output channels, a thread 8 × 8 of them: its pixels lie 32
// apart, its channels in two runs of four (in one of eight for bf16), so that neighbouring threads write neighbouring channels. All of the
// sum's terms fit shared memory, so there is one round of staging a tile: the weights once a block, transposed to [r·s·c][channels], and
// the input under the tile. Against the tiles of a matrix product no chunk of channels is half empty, and x is not gathered once a tap.
//
// Bounded by the f32 units and shared memory, which are in balance, and in f32 not far below them by writing y.
#include "kernels/conv2d/few_channels_tiles.h"

namespace duel {
namespace {

using namespace few_tiles;

constexpr int tile_pixels = 256;
constexpr int groups = tile_pixels / own;  // of pixels: threads side by side
constexpr int resident = 264;              // blocks: two a multiprocessor, that each keeps its weights for several tiles

// The weights' rows: four words more than channels, so that eight rows of four channels, which a warp writes, fill the banks once.
HD int weight_pitch(int lanes) { return own * lanes + 4; }

size_t shared_bytes(const Conv2dProblem& p) {
  return sizeof(float) * static_cast<size_t>(WindowTile(p, tile_pixels).words() + p.r * p.s * p.c * weight_pitch(channel_lanes(p)));
}
bool supports(const Conv2dProblem& p) {
  if (!is_few(p)) return false;
  // A tile that is nearly empty is another row's: those of 16 × 16 threads lose a factor of sixteen or more by their loads.
  const int64_t channels = int64_t{blocks_for(p.k, own * channel_lanes(p))} * own * channel_lanes(p);
  const bool filled = 32 * p.y_count() >= int64_t{WindowTile(p, tile_pixels).tiles} * tile_pixels * channels;
  return filled && shared_bytes(p) <= most_shared;
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

struct alignas(16) Shared {
  float input[4];  // WindowTile::words() of them, then the weights
};

template <class T, int C>
__global__ void __launch_bounds__(256, 2) fwd_few_channels(Conv2dProblem d, WindowTile tile, int lanes, const T* x, const T* w, T* y) {
  constexpr int P = padded(C), together = C == 4 ? 2 : C;  // channels at a time: of four, registers for two
  constexpr int halves = C == 3 ? 1 : 2;                   // of a tap's weights at a time: beside three channels, registers for one
  float* const input = shared_storage<Shared>().input;
  float* const weights = input + tile.words();
  const int k0 = static_cast<int>(blockIdx.y) * own * lanes;
  const int lane = static_cast<int>(threadIdx.x) % lanes, group = static_cast<int>(threadIdx.x) / lanes;
  const int col = group & ((1 << tile.log2_cols) - 1), row = group >> tile.log2_cols, row_step = groups >> tile.log2_cols;
  stage_weights(weights, d, lanes, k0, w);
  for (int number = static_cast<int>(blockIdx.x); number < tile.tiles; number += static_cast<int>(gridDim.x)) {
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
    const int q = at.q + col;
#pragma unroll
    for (int i = 0; i < own; ++i) {
      const int p = at.p + row + i * row_step;
      if (p < d.p && q < d.q) store_channels(y + ((at.n * d.p + p) * d.q + q) * d.k + k0, sums[i], lanes, lane, d.k - k0);
    }
    __syncthreads();  // the next tile's input comes into the same memory
  }
}

template <class T>
void start(const Conv2dProblem& p, const Conv2dFwd::Args& a, Stream stream) {
  const int lanes = channel_lanes(p);
  const WindowTile tile(p, tile_pixels);
  with_channels(p.c, [&](auto c) {
    launch({.grid = dim3(static_cast<unsigned>(std::min(tile.tiles, resident)), blocks_for(p.k, own * lanes)),
            .block = static_cast<unsigned>(groups * lanes),
            .shared_bytes = shared_bytes(p)},
           stream, fwd_few_channels<T, c>, p, tile, lanes, static_cast<const T*>(a.x), static_cast<const T*>(a.w), static_cast<T*>(a.y));
  });
}

void run(const Conv2dProblem& p, const Conv2dFwd::Args& a, Scratch, Stream stream) {
  p.dtype == DType::f32 ? start<float>(p, a, stream) : start<bf16>(p, a, stream);
}

KERNEL_VARIANT(Conv2dFwd, few_channels, 7, supports, no_scratch, run);

}  // namespace
}  // namespace duel
