// conv2d_fwd as an implicit matrix product, on tensor cores (kernels/tile/block_product.h) or without (register_product.h). Rows are output
// pixels, columns output channels, and k runs over taps and input channels: a chunk of 16 bytes is a few channels of one pixel, gathered as
// it is copied to shared memory, so the im2col matrix never exists. Taps outside the image are copied as zeros.
#pragma once
#include "kernels/conv2d/gather.h"
#include "kernels/conv2d/jobs.h"
#include "kernels/tile/block_product.h"
#include "kernels/tile/register_product.h"

namespace duel::implicit_fwd {

// Channels come in chunks of 16 bytes, copied asynchronously; offsets fit 32 bits.
template <class T>
bool supports(const Conv2dProblem& p) {
  return p.dtype == dtype_of<T>() && p.c % chunk_elements<T> == 0 && p.k % chunk_elements<T> == 0 && p.x_count() < 1 << 30 &&
         p.y_count() < 1 << 30 && p.w_count() < 1 << 30 && compute_capability() >= 80;
}

// OnLoad and OnStore: what else is done to x as it comes, and with y as it goes (jobs.h).
template <class Product_, class OnLoad = AsLoaded, class OnStore = Stored>
struct Job {
  using Product = Product_;
  using T = typename Product::T;
  using Storage = StorageOf<Product, OnStore>;
  static constexpr int threads = Product::threads;

  Conv2dProblem d;
  GatherX gather;
  int tiles_m;
  const T *x, *w;
  T* y;
  OnLoad on_load;
  OnStore on_store;

  Job(const Conv2dProblem& p, const Conv2dFwd::Args& a, const OnLoad& load = {}, const OnStore& store = {})
      : d(p),
        gather(p),
        tiles_m((p.n * p.p * p.q + Product::m - 1) / Product::m),
        x(static_cast<const T*>(a.x)),
        w(static_cast<const T*>(a.w)),
        y(static_cast<T*>(a.y)),
        on_load(load),
        on_store(store) {}
  HD int blocks() const { return tiles_m * ((d.k + Product::n - 1) / Product::n); }
  __device__ void operator()(Storage& shared, int block) const;
};

template <class Product, class OnLoad, class OnStore>
__device__ void Job<Product, OnLoad, OnStore>::operator()(Storage& shared, int block) const {
  constexpr int elements = Product::elements;
  const int m0 = block % tiles_m * Product::m, n0 = block / tiles_m * Product::n;
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
  const auto touch_x = touch<T>(on_load, [&](int step, int row, int chunk, T* landed, auto& kept) {
    on_load(landed, gather.pq.quotient(m0 + row), gather.c.remainder(step * Product::k + elements * chunk), kept);
  });
  multiply_steps<Product>(product_storage(shared), (depth + Product::k - 1) / Product::k, chunk_x, chunk_w, sums, touch_x);
  if constexpr (OnStore::changes)
    on_store.template change<Product>(
        sums, [&](int row, int col) { return m0 + row < pixels && n0 + col < d.k ? (m0 + row) * d.k + n0 + col : -1; }, n0);
  Product::store(product_storage(shared), sums,
                 [&](int row, int col) { return m0 + row < pixels && n0 + col < d.k ? y + (m0 + row) * d.k + n0 + col : nullptr; });
  if constexpr (OnStore::looks)
    on_store.template take<Product>(shared.look, sums, block % tiles_m, block / tiles_m, min(Product::m, pixels - m0),
                                    m0 / (pixels / on_store.groups()));
}

// Whether the large tiles fill the card.
inline bool in_large_tiles(const Conv2dProblem& p) {
  return (int64_t{p.n} * p.p * p.q + 127) / 128 * ((p.k + 127) / 128) >= 128 && p.k > 64;
}

template <class Tiles>
void run(const Conv2dProblem& p, const Conv2dFwd::Args& a, Scratch, Stream stream) {
  if (in_large_tiles(p)) launch_job(Job<typename Tiles::template Large<true, true>>(p, a), stream);
  else launch_job(Job<typename Tiles::template Small<true, true>>(p, a), stream);
}

}  // namespace duel::implicit_fwd
