// conv2d_fwd as an implicit matrix product, on tensor cores (kernels/tile/block_product.h) or without (register_product.h). Rows are output
// pixels, columns output channels, and k runs over taps and input channels: a chunk of 16 bytes is a few channels of one pixel, gathered as
// it is copied to shared memory, so the im2col matrix never exists. Taps outside the image are copied as zeros.
#pragma once
#include "kernels/conv2d/gather.h"
#include "kernels/launch.h"
#include "kernels/tile/block_product.h"
#include "kernels/tile/register_product.h"

namespace duel::implicit_fwd {

// Channels come in chunks of 16 bytes, copied asynchronously; offsets fit 32 bits.
template <class T>
bool supports(const Conv2dProblem& p) {
  return p.dtype == dtype_of<T>() && p.c % chunk_elements<T> == 0 && p.k % chunk_elements<T> == 0 && p.x_count() < 1 << 30 &&
         p.y_count() < 1 << 30 && p.w_count() < 1 << 30 && compute_capability() >= 80;
}

template <class Product, class T = typename Product::T>
__global__ void __launch_bounds__(Product::threads)
    fwd_implicit(Conv2dProblem d, GatherX gather, int tiles_m, const T* x, const T* w, T* y) {
  constexpr int elements = Product::elements;
  using Storage = typename Product::Storage;
  Storage& shared = shared_storage<Storage>();
  const int m0 = static_cast<int>(blockIdx.x) % tiles_m * Product::m, n0 = static_cast<int>(blockIdx.x) / tiles_m * Product::n;
  const int pixels = d.n * d.p * d.q, depth = d.r * d.s * d.c;
  const auto chunk_x = [&](int step, int row, int chunk) {
    const int pixel = m0 + row, at = step * Product::k + elements * chunk;  // at: in (r, s, c)
    const int offset = pixel < pixels && at < depth ? gather.offset(d, pixel, at) : -1;
    return Chunk<T>{offset < 0 ? x : x + offset, offset >= 0};
  };
  const auto chunk_w = [&](int step, int row, int chunk) {
    const int at = step * Product::k + elements * chunk;
    const bool inside = n0 + row < d.k && at < depth;
    return Chunk<T>{inside ? w + (n0 + row) * depth + at : w, inside};
  };
  typename Product::Sums sums;
  Product::clear(sums);
  multiply_steps<Product>(shared, (depth + Product::k - 1) / Product::k, chunk_x, chunk_w, sums);
  Product::store(shared, sums,
                 [&](int row, int col) { return m0 + row < pixels && n0 + col < d.k ? y + (m0 + row) * d.k + n0 + col : nullptr; });
}

template <class Product>
void start(const Conv2dProblem& p, const Conv2dFwd::Args& a, Stream stream) {
  const int tiles_m = (p.n * p.p * p.q + Product::m - 1) / Product::m, tiles_n = (p.k + Product::n - 1) / Product::n;
  launch({.grid = static_cast<unsigned>(tiles_m * tiles_n), .block = Product::threads, .shared_bytes = sizeof(typename Product::Storage)},
         stream, fwd_implicit<Product>, p, GatherX(p), tiles_m, static_cast<const typename Product::T*>(a.x),
         static_cast<const typename Product::T*>(a.w), static_cast<typename Product::T*>(a.y));
}

template <class Tiles>
void run(const Conv2dProblem& p, const Conv2dFwd::Args& a, Scratch, Stream stream) {
  const int64_t large_tiles = (int64_t{p.n} * p.p * p.q + 127) / 128 * ((p.k + 127) / 128);
  if (large_tiles >= 128 && p.k > 64) start<typename Tiles::template Large<true, true>>(p, a, stream);
  else start<typename Tiles::template Small<true, true>>(p, a, stream);
}

}  // namespace duel::implicit_fwd
