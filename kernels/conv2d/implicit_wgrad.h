// conv2d_wgrad as an implicit matrix product on tensor cores (kernels/tile/block_product.h) or without (register_product.h). Rows are
// output channels, columns taps and input channels, and k runs over all output pixels of the batch: long, over few tiles. So the pixels are
// split over blocks, each part gives a gradient of its own in scratch, and a second kernel adds them in the order of the parts: no atomics,
// the same bits each time.
#pragma once
#include "kernels/conv2d/add_parts.h"
#include "kernels/conv2d/gather.h"
#include "kernels/conv2d/jobs.h"
#include "kernels/tile/block_product.h"
#include "kernels/tile/register_product.h"

namespace duel::implicit_wgrad {

template <class Tiles>
using Product = typename Tiles::template Small<false, false>;

// Channels come in chunks of 16 bytes; offsets fit 32 bits.
template <class T>
bool supports(const Conv2dProblem& p) {
  return p.dtype == dtype_of<T>() && p.c % chunk_elements<T> == 0 && p.k % chunk_elements<T> == 0 && p.x_count() < 1 << 30 &&
         p.y_count() < 1 << 30 && p.w_count() < 1 << 30 && compute_capability() >= 80;
}

template <class Product>
PixelSplit split_of(const Conv2dProblem& p) {
  constexpr int wanted_blocks = 512 * 64 * 64 / (Product::m * Product::n);  // about one wave
  constexpr int fewest_steps = 8;                                           // a part must outlast filling the pipeline
  return {p, Product::m, Product::n, Product::k, wanted_blocks, fewest_steps};
}

template <class Tiles>
size_t scratch_bytes(const Conv2dProblem& p) {
  return parts_bytes(split_of<Product<Tiles>>(p).parts, p.w_count());
}

// OnLoadX and OnLoadGy: what else is done to the operands as they come (jobs.h).
template <class Product_, class OnLoadX = AsLoaded, class OnLoadGy = AsLoaded>
struct Job {
  using Product = Product_;
  using T = typename Product::T;
  using Storage = typename Product::Storage;
  static constexpr int threads = Product::threads;

  Conv2dProblem d;
  GatherX gather;
  PixelSplit split;
  const T *x, *gy;
  float* parts;  // [split.parts, k,r,s,c]; gw itself where there is one
  OnLoadX on_load_x;
  OnLoadGy on_load_gy;

  Job(const Conv2dProblem& p, const Conv2dWgrad::Args& a, Scratch scratch, const OnLoadX& load_x = {}, const OnLoadGy& load_gy = {})
      : d(p),
        gather(p),
        split(split_of<Product>(p)),
        x(static_cast<const T*>(a.x)),
        gy(static_cast<const T*>(a.gy)),
        parts(static_cast<float*>(split.parts == 1 ? a.gw : scratch.data)),
        on_load_x(load_x),
        on_load_gy(load_gy) {}
  HD int blocks() const { return split.tiles_m * split.tiles_n * split.parts; }
  __device__ void operator()(Storage& shared, int block) const;
};

template <class Product, class OnLoadX, class OnLoadGy>
__device__ void Job<Product, OnLoadX, OnLoadGy>::operator()(Storage& shared, int block) const {
  constexpr int elements = Product::elements;
  const int tiles = split.tiles_m * split.tiles_n, tile = block % tiles, part = block / tiles;
  const int m0 = tile % split.tiles_m * Product::m, n0 = tile / split.tiles_m * Product::n;
  const int first = part * split.steps * Product::k, width = d.r * d.s * d.c;
  const int pixels = min(first + split.steps * Product::k, d.n * d.p * d.q);  // this part's end
  const auto chunk_gy = [&](int step, int row, int chunk) {
    const int pixel = first + step * Product::k + row, k = m0 + elements * chunk;
    const bool inside = pixel < pixels && k < d.k;
    return Chunk<T>{inside ? gy + pixel * d.k + k : gy, inside};
  };
  const auto chunk_x = [&](int step, int row, int chunk) {
    const int pixel = first + step * Product::k + row, at = n0 + elements * chunk;  // at: in (r, s, c)
    const int offset = pixel < pixels && at < width ? gather.offset(d, pixel, at) : -1;
    return Chunk<T>{offset < 0 ? x : x + offset, offset >= 0};
  };
  typename Product::Sums sums;
  Product::clear(sums);
  const auto touch_gy = touch<T>(on_load_gy, [&](int step, int row, int chunk, T* landed, auto& kept) {
    on_load_gy(landed, gather.pq.quotient(first + step * Product::k + row), m0 + elements * chunk, kept);
  });
  const auto touch_x = touch<T>(on_load_x, [&](int step, int row, int chunk, T* landed, auto& kept) {
    on_load_x(landed, gather.pq.quotient(first + step * Product::k + row), gather.c.remainder(n0 + elements * chunk), kept);
  });
  multiply_steps<Product>(shared, (pixels - first + Product::k - 1) / Product::k, chunk_gy, chunk_x, sums, touch_gy, touch_x);
  float* out = parts + int64_t{part} * d.w_count();
  Product::store_f32(sums,
                     [&](int row, int col) { return m0 + row < d.k && n0 + col < width ? out + (m0 + row) * width + n0 + col : nullptr; });
}

template <class Tiles>
void run(const Conv2dProblem& p, const Conv2dWgrad::Args& a, Scratch scratch, Stream stream) {
  const Job<Product<Tiles>> job(p, a, scratch);
  launch_job(job, stream);
  if (job.split.parts > 1) add_parts(job.split.parts, p.w_count(), job.parts, static_cast<float*>(a.gw), stream);
}

}  // namespace duel::implicit_wgrad
