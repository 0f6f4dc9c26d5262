// conv2d_dgrad (= transposed convolution) as one implicit matrix product a phase, on tensor cores (kernels/tile/block_product.h) or without
// (register_product.h). With strides u×v the input pixels whose row is h ≡ i (mod u) and column w ≡ j (mod v) see the same taps, every u-th
// row and v-th column of the kernel; so the op is u·v convolutions of stride 1, and no inserted zero is ever multiplied. Rows are a phase's
// pixels, columns input channels, and k runs over its taps and the output channels.
#pragma once
#include "kernels/conv2d/gather.h"
#include "kernels/launch.h"
#include "kernels/tile/block_product.h"
#include "kernels/tile/register_product.h"

namespace duel::implicit_dgrad {

// Channels come in chunks of 16 bytes, copied asynchronously; offsets fit 32 bits.
template <class T>
bool supports(const Conv2dProblem& p) {
  return p.dtype == dtype_of<T>() && p.c % chunk_elements<T> == 0 && p.k % chunk_elements<T> == 0 && p.u * p.v < 1 << 16 &&
         p.x_count() < 1 << 30 && p.y_count() < 1 << 30 && p.w_count() < 1 << 30 && compute_capability() >= 80;
}

template <class Product, class T = typename Product::T>
__global__ void __launch_bounds__(Product::threads)
    dgrad_phases(Conv2dProblem d, Divisor by_k, int tiles_m, const T* gy, const T* w, T* gx) {
  constexpr int elements = Product::elements;
  using Storage = typename Product::Storage;
  Storage& shared = shared_storage<Storage>();
  const Phase phase(d, static_cast<int>(blockIdx.y));
  const int m0 = static_cast<int>(blockIdx.x) % tiles_m * Product::m, n0 = static_cast<int>(blockIdx.x) / tiles_m * Product::n;
  if (m0 >= phase.pixels) return;  // the grid is for the largest phase
  const auto chunk_gy = [&](int step, int row, int chunk) {
    const int at = step * Product::k + elements * chunk;  // in (taps of the phase, k)
    const int offset = m0 + row < phase.pixels && at < phase.depth ? phase.gy_offset(d, by_k, phase.pixel(d, m0 + row), at) : -1;
    return Chunk<T>{offset < 0 ? gy : gy + offset, offset >= 0};
  };
  const auto chunk_w = [&](int step, int row, int chunk) {
    const int at = step * Product::k + row, c = n0 + elements * chunk;
    const bool inside = at < phase.depth && c < d.c;
    return Chunk<T>{inside ? w + phase.w_offset(d, by_k, at) + c : w, inside};
  };
  typename Product::Sums sums;
  Product::clear(sums);
  multiply_steps<Product>(shared, (phase.depth + Product::k - 1) / Product::k, chunk_gy, chunk_w, sums);
  Product::store(shared, sums, [&](int row, int col) -> T* {
    if (m0 + row >= phase.pixels || n0 + col >= d.c) return nullptr;
    return gx + phase.gx_offset(d, phase.pixel(d, m0 + row)) + n0 + col;
  });
}

template <class Product>
void start(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Stream stream) {
  const int pixels = p.n * ((p.h + p.u - 1) / p.u) * ((p.w + p.v - 1) / p.v);  // of the largest phase
  const int tiles_m = (pixels + Product::m - 1) / Product::m, tiles_n = (p.c + Product::n - 1) / Product::n;
  launch({.grid = dim3(static_cast<unsigned>(tiles_m * tiles_n), static_cast<unsigned>(p.u * p.v)),
          .block = Product::threads,
          .shared_bytes = sizeof(typename Product::Storage)},
         stream, dgrad_phases<Product>, p, Divisor(p.k), tiles_m, static_cast<const typename Product::T*>(a.gy),
         static_cast<const typename Product::T*>(a.w), static_cast<typename Product::T*>(a.gx));
}

template <class Tiles>
void run(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Scratch, Stream stream) {
  const int64_t large_tiles = (int64_t{p.n} * p.h * p.w + 127) / 128 * ((p.c + 127) / 128);
  if (large_tiles >= 128 && p.c > 64) start<typename Tiles::template Large<true, false>>(p, a, stream);
  else start<typename Tiles::template Small<true, false>>(p, a, stream);
}

}  // namespace duel::implicit_dgrad
