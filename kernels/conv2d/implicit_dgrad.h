// conv2d_dgrad (= transposed convolution) as one implicit matrix product a phase, on tensor cores (kernels/tile/block_product.h) or without
// (register_product.h). With strides u×v the input pixels whose row is h ≡ i (mod u) and column w ≡ j (mod v) see the same taps, every u-th
// row and v-th column of the kernel; so the op is u·v convolutions of stride 1, and no inserted zero is ever multiplied. Rows are a phase's
// pixels, columns input channels, and k runs over its taps and the output channels.
#pragma once
#include "kernels/conv2d/gather.h"
#include "kernels/conv2d/jobs.h"
#include "kernels/tile/block_product.h"
#include "kernels/tile/register_product.h"

namespace duel::implicit_dgrad {

inline int64_t pixels_of_largest_phase(const Conv2dProblem& p) { return int64_t{p.n} * ((p.h + p.u - 1) / p.u) * ((p.w + p.v - 1) / p.v); }

// Channels come in chunks of 16 bytes, copied asynchronously; offsets and the number of blocks fit 32 bits.
template <class T>
bool supports(const Conv2dProblem& p) {
  return p.dtype == dtype_of<T>() && p.c % chunk_elements<T> == 0 && p.k % chunk_elements<T> == 0 && p.u * p.v < 1 << 16 &&
         (pixels_of_largest_phase(p) / 64 + 1) * (p.c / 64 + 1) < (1 << 30) / (p.u * p.v) && p.x_count() < 1 << 30 &&
         p.y_count() < 1 << 30 && p.w_count() < 1 << 30 && compute_capability() >= 80;
}

// OnLoad and OnStore: what else is done to gy as it comes, and with gx as it goes (jobs.h).
template <class Product_, class OnLoad = AsLoaded, class OnStore = Stored>
struct Job {
  using Product = Product_;
  using T = typename Product::T;
  using Storage = StorageOf<Product, OnStore>;
  static constexpr int threads = Product::threads;

  Conv2dProblem d;
  Divisor by_k;
  int tiles_m, tiles;  // of a phase
  const T *gy, *w;
  T* gx;
  OnLoad on_load;
  OnStore on_store;

  Job(const Conv2dProblem& p, const Conv2dDgrad::Args& a, const OnLoad& load = {}, const OnStore& store = {})
      : d(p),
        by_k(p.k),
        tiles_m(static_cast<int>((pixels_of_largest_phase(p) + Product::m - 1) / Product::m)),
        tiles(tiles_m * ((p.c + Product::n - 1) / Product::n)),
        gy(static_cast<const T*>(a.gy)),
        w(static_cast<const T*>(a.w)),
        gx(static_cast<T*>(a.gx)),
        on_load(load),
        on_store(store) {}
  HD int blocks() const { return tiles * d.u * d.v; }
  __device__ void operator()(Storage& shared, int block) const;
};

template <class Product, class OnLoad, class OnStore>
__device__ void Job<Product, OnLoad, OnStore>::operator()(Storage& shared, int block) const {
  constexpr int elements = Product::elements;
  const Phase phase(d, block / tiles);
  const int tile = block % tiles, m0 = tile % tiles_m * Product::m, n0 = tile / tiles_m * Product::n;
  typename Product::Sums sums;
  Product::clear(sums);
  const auto look = [&](int rows, int group) {
    if constexpr (OnStore::looks)
      on_store.template take<Product>(shared.look, sums, block / tiles * tiles_m + tile % tiles_m, tile / tiles_m, rows, group);
  };
  if (m0 >= phase.pixels) return look(0, 0);  // a phase has as many blocks as the largest wants
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
  const auto touch_gy = touch<T>(on_load, [&](int step, int row, int chunk, T* landed, auto& kept) {
    on_load(landed, phase.pixel(d, m0 + row).n, by_k.remainder(step * Product::k + elements * chunk), kept);
  });
  multiply_steps<Product>(product_storage(shared), (phase.depth + Product::k - 1) / Product::k, chunk_gy, chunk_w, sums, touch_gy);
  const auto place = [&](int row, int col) {
    return m0 + row < phase.pixels && n0 + col < d.c ? phase.gx_offset(d, phase.pixel(d, m0 + row)) + n0 + col : -1;
  };
  if constexpr (OnStore::changes) on_store.template change<Product>(sums, place, n0);
  Product::store(product_storage(shared), sums, [&](int row, int col) -> T* {
    const int at = place(row, col);
    return at < 0 ? nullptr : gx + at;
  });
  if constexpr (OnStore::looks) look(min(Product::m, phase.pixels - m0), m0 / (phase.pixels / on_store.groups()));
}

// Whether the large tiles fill the card.
inline bool in_large_tiles(const Conv2dProblem& p) {
  return (int64_t{p.n} * p.h * p.w + 127) / 128 * ((p.c + 127) / 128) >= 128 && p.c > 64;
}

template <class Tiles>
void run(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Scratch, Stream stream) {
  if (in_large_tiles(p)) launch_job(Job<typename Tiles::template Large<true, false>>(p, a), stream);
  else launch_job(Job<typename Tiles::template Small<true, false>>(p, a), stream);
}

}  // namespace duel::implicit_dgrad
