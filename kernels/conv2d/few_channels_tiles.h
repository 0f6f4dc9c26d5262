// What the CUDA rows for few channels of x share (c ≤ 4): tiles of output pixels, the input under them in shared memory, and how a thread
// reads it.
//
// A thread multiplies eight of one side by eight of the other for each value of the window, 64 products of 16 numbers read: a warp reads 32
// words of shared memory a cycle and multiplies 128 numbers, so that is the balance. What is staged is f32 whatever the tensors are: it is
// converted once, and read many times.
#pragma once
#include <algorithm>
#include <type_traits>

#include "kernels/conv2d/conv2d.h"
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel::few_tiles {

// Words of a pixel in shared memory: one of three channels takes four, so that its first lies where an access of 8 bytes may begin, and a
// warp that writes eight pixels writes 32 words in a row.
HD constexpr int padded(int c) { return c == 3 ? 4 : c; }

// f(C) with the number of channels as an integral constant.
template <class F>
void with_channels(int c, F&& f) {
  if (c == 1) f(std::integral_constant<int, 1>{});
  else if (c == 2) f(std::integral_constant<int, 2>{});
  else if (c == 3) f(std::integral_constant<int, 3>{});
  else f(std::integral_constant<int, 4>{});
}

// What all three ops ask of the shape; offsets fit 32 bits.
inline bool is_few(const Conv2dProblem& p) {
  constexpr int largest = 64;
  return p.c <= 4 && p.r <= largest && p.s <= largest && p.u <= largest && p.v <= largest &&
         (p.dtype == DType::f32 || p.dtype == DType::bf16) && p.x_count() < 1 << 30 && p.y_count() < 1 << 30 && p.w_count() < 1 << 30;
}
// Lanes side by side over the output channels, eight of which a thread owns: as many as are of use, so that 16 channels do not occupy
// threads of 64.
inline int channel_lanes(const Conv2dProblem& p) { return p.k > 32 ? 8 : p.k > 16 ? 4 : 2; }
constexpr int own = 8;

constexpr size_t most_shared = 100 << 10;  // two blocks a multiprocessor

// A block's shared memory, whose size is the launch's.
struct alignas(16) Words {
  float at[4];
};

// Tiles of 2^log2_cols × rows output pixels of one image, and the input under one: `in_rows` rows of `in_cols` pixels, `pitch` words apart.
// The first column is a multiple of `aligned` pixels, so that sectors of x are read whole; rows lie eight banks apart.
struct WindowTile {
  int log2_cols, rows, tiles_q, tiles_p, tiles, in_rows, in_cols, aligned, pitch;

  WindowTile(const Conv2dProblem& p, int pixels, int widest = 5) {  // widest: of log2_cols
    int64_t least = 0;
    for (int log2 = widest; log2 >= 2; --log2) {  // whichever leaves the fewest pixels empty, and of those the widest
      const int tile_cols = 1 << log2, tile_rows = pixels >> log2;
      const int64_t covered = int64_t{(p.q + tile_cols - 1) / tile_cols} * ((p.p + tile_rows - 1) / tile_rows);
      if (log2 < widest && covered >= least) continue;
      least = covered, log2_cols = log2, rows = tile_rows;
      tiles_q = (p.q + tile_cols - 1) / tile_cols, tiles_p = (p.p + tile_rows - 1) / tile_rows;
    }
    tiles = p.n * tiles_p * tiles_q;
    aligned = p.dtype == DType::bf16 && p.c % 2 == 1 ? 16 : 8;
    in_rows = (rows - 1) * p.u + p.r;
    in_cols = ((1 << log2_cols) - 1) * p.v + p.s + aligned - 1;
    in_cols = (in_cols + aligned - 1) / aligned * aligned;
    pitch = (in_cols * padded(p.c) + 23) / 32 * 32 + 8;
  }
  HD int words() const { return in_rows * pitch; }

  // Where a tile lies: image, first output pixel, first staged pixel of x, and the pixels between that and the first window's.
  struct Place {
    int n, p, q, h, w, skipped;
  };
  __device__ Place place(const Conv2dProblem& d, int tile) const {
    const int in_image = tile % (tiles_p * tiles_q);
    Place at;
    at.n = tile / (tiles_p * tiles_q), at.p = in_image / tiles_q * rows, at.q = in_image % tiles_q << log2_cols;
    at.h = at.p * d.u - d.top;
    const int w = at.q * d.v - d.left;
    at.skipped = (w % aligned + aligned) % aligned;
    at.w = w - at.skipped;
    return at;
  }
};

// x as it lies in memory; a reader that makes its values of others stands in its place where x is not stored.
template <class T>
struct AsStored {
  const T* x;
  __device__ float operator()(int i) const { return static_cast<float>(x[i]); }
};

// What is done to a value of the output before it is stored: finished(sum, what its channel's bias() is).
struct AsSummed {
  __device__ float bias(int) const { return 0; }
  __device__ float finished(float sum, float) const { return sum; }
};

// The input under a tile, x(i), a warp a row; zeros outside the image. Lanes stand for words of shared memory, so those of a fourth channel
// that is not there idle: what a warp reads are whole pixels in a row.
template <int C, class Read>
__device__ void stage_input(float* to, const WindowTile& tile, const WindowTile::Place& at, const Conv2dProblem& d, const Read& x) {
  constexpr int P = padded(C);
  const int warps = static_cast<int>(blockDim.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  for (int row = static_cast<int>(threadIdx.x) / 32; row < tile.in_rows; row += warps) {
    const int h = at.h + row, words = tile.in_cols * P;
    const bool inside = h >= 0 && h < d.h;
    const int from = (at.n * d.h + h) * d.w * C;
#pragma unroll 4
    for (int i = lane; i < words; i += 32) {
      const int w = at.w + i / P, c = i % P;
      to[row * tile.pitch + i] = inside && w >= 0 && w < d.w && c < C ? x(from + w * C + c) : 0.f;
    }
  }
}

// Two or four floats of shared memory in one access. nvcc has to be told the alignment: it sees an address computed from a problem's sizes,
// and would load bytes.
template <int N>
__device__ Pack<float, N> read_floats(const float* from) {
  return load_vec<Pack<float, N>>(__builtin_assume_aligned(from, N * sizeof(float)));
}

// Four values of T in one access, as floats.
template <class T>
__device__ void read_four(float* to, const T* from) {
  const auto four = load_vec<Pack<T, 4>>(__builtin_assume_aligned(from, 4 * sizeof(T)));
#pragma unroll
  for (int e = 0; e < 4; ++e) to[e] = four.at[e];
}

// C of a pixel's channels, up to three. Three are read as two and one: a word of padding would take as long as a word of use.
template <int C>
__device__ void read_channels(float (&to)[C], const float* from) {
  if constexpr (C == 1) {
    to[0] = from[0];
  } else {
    const auto two = read_floats<2>(from);
    to[0] = two.at[0], to[1] = two.at[1];
    if constexpr (C == 3) to[2] = from[2];
  }
}

// Elements of 4 bytes.
template <class T>
constexpr int word_elements = 4 / static_cast<int>(sizeof(T));

// The elements of the word at `from`; as one access where that is aligned, which the caller knows.
template <class T>
__device__ void read_word(float (&to)[word_elements<T>], const T* from, bool whole) {
  if constexpr (sizeof(T) == 4) {
    to[0] = from[0];
  } else if (whole) {
    const uint32_t two = *reinterpret_cast<const uint32_t*>(from);
    T low, high;
    low.bits = static_cast<uint16_t>(two), high.bits = static_cast<uint16_t>(two >> 16);
    to[0] = low, to[1] = high;
  } else {
    to[0] = from[0], to[1] = from[1];
  }
}

}  // namespace duel::few_tiles
