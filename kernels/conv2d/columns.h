// Convolutions by way of the im2col matrix in memory: a row an output pixel, a column a tap and input channel (r, s, c). Each element of x
// is written and read up to r·s times over, once for each window that sees it; the rungs above (implicit_fwd.h and its kin) make the matrix
// while they load, and so do without that traffic and the scratch. Chellapilla, Puri and Simard, "High Performance Convolutional Neural
// Networks for Document Processing" (2006).
#pragma once
#include "kernels/conv2d/gather.h"
#include "kernels/gemm/tiled_gemm.h"

namespace duel::columns {

constexpr int threads = 256;

template <bool ta, bool tb>
void multiply(const GemmProblem& p, const Gemm::Args& a, Stream stream) {
  tiled_gemm::choose<RegisterTiles<3>, ta, tb, float>(p, a, stream);
}

// Channels come in chunks of 16 bytes; offsets fit 32 bits.
inline bool supports(const Conv2dProblem& p) {
  return p.dtype == DType::f32 && p.c % 4 == 0 && p.k % 4 == 0 && int64_t{p.n} * p.p * p.q * p.r * p.s * p.c < 1 << 30 &&
         p.x_count() < 1 << 30 && p.y_count() < 1 << 30 && compute_capability() >= 80;
}
inline int pixels(const Conv2dProblem& p) { return p.n * p.p * p.q; }
inline int depth(const Conv2dProblem& p) { return p.r * p.s * p.c; }
inline size_t scratch_bytes(const Conv2dProblem& p) {
  return static_cast<size_t>(pixels(p)) * static_cast<size_t>(depth(p)) * sizeof(float);
}

// x as that matrix, four channels a thread; zeros in the padding.
template <class T>
__global__ void gather_columns(Conv2dProblem d, GatherX gather, Divisor by_depth, int fours, const T* x, T* to) {
  for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < fours; i += static_cast<int>(gridDim.x * blockDim.x)) {
    const int offset = gather.offset(d, by_depth.quotient(i), 4 * by_depth.remainder(i));
    store_vec(to + 4 * i, offset < 0 ? Pack<T, 4>{} : load_vec<Pack<T, 4>>(x + offset));
  }
}
inline void start_gather(const Conv2dProblem& p, const void* x, float* to, Stream stream) {
  const int fours = pixels(p) * (depth(p) / 4);
  launch({.grid = stride_blocks(fours, threads), .block = threads}, stream, gather_columns<float>, p, GatherX(p), Divisor(depth(p) / 4),
         fours, static_cast<const float*>(x), to);
}

// The matrix's transpose: each pixel of gx is the sum of what stands for it in the windows that see it, in the order of the taps.
template <class T>
__global__ void sum_columns(Conv2dProblem d, Divisor by_fours, Divisor by_w, Divisor by_h, int fours, const T* from, T* gx) {
  const int columns = d.r * d.s * d.c;
  for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < fours; i += static_cast<int>(gridDim.x * blockDim.x)) {
    const int c = 4 * by_fours.remainder(i), pixel = by_fours.quotient(i);
    const int w = by_w.remainder(pixel), row = by_w.quotient(pixel), h = by_h.remainder(row), n = by_h.quotient(row);
    Pack<T, 4> sum{};
    for (int r = (h + d.top) % d.u; r < d.r; r += d.u) {
      const int p = (h + d.top - r) / d.u;
      if (h + d.top < r || p >= d.p) continue;
      for (int s = (w + d.left) % d.v; s < d.s; s += d.v) {
        const int q = (w + d.left - s) / d.v;
        if (w + d.left < s || q >= d.q) continue;
        const auto more = load_vec<Pack<T, 4>>(from + ((n * d.p + p) * d.q + q) * columns + (r * d.s + s) * d.c + c);
        for (int e = 0; e < 4; ++e) sum.at[e] += more.at[e];
      }
    }
    store_vec(gx + 4 * i, sum);
  }
}
inline void start_sum(const Conv2dProblem& p, const float* from, void* gx, Stream stream) {
  const int fours = static_cast<int>(p.x_count()) / 4;
  launch({.grid = stride_blocks(fours, threads), .block = threads}, stream, sum_columns<float>, p, Divisor(p.c / 4), Divisor(p.w),
         Divisor(p.h), fours, from, static_cast<float*>(gx));
}

}  // namespace duel::columns
