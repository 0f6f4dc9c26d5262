// Matrix product by tiles, one block a tile of C, on tensor cores (kernels/tile/block_product.h) or without (register_product.h).
#pragma once
#include "kernels/gemm/gemm.h"
#include "kernels/launch.h"
#include "kernels/tile/block_product.h"
#include "kernels/tile/register_product.h"

namespace duel::tiled_gemm {

// Contiguous sides come in chunks of 16 bytes.
template <class T>
bool supports(const GemmProblem& p) {
  const int a_row = p.ta ? p.m : p.k, b_row = p.tb ? p.k : p.n;
  return p.dtype == dtype_of<T>() && p.valid() && a_row % chunk_elements<T> == 0 && b_row % chunk_elements<T> == 0 &&
         p.n % chunk_elements<T> == 0 && compute_capability() >= 80;
}

template <class Product, bool ta, bool tb, class C>
__global__ void __launch_bounds__(Product::threads)
    gemm_tiled(GemmProblem p, int tiles_m, int tiles_n, const typename Product::T* a, const typename Product::T* b, C* c) {
  using Storage = typename Product::Storage;
  using T = typename Product::T;
  constexpr int elements = Product::elements;
  Storage& shared = shared_storage<Storage>();
  const int tile = static_cast<int>(blockIdx.x) % (tiles_m * tiles_n), member = static_cast<int>(blockIdx.x) / (tiles_m * tiles_n);
  const int m0 = tile % tiles_m * Product::m, n0 = tile / tiles_m * Product::n;
  a += int64_t{member} * p.m * p.k;
  b += int64_t{member} * p.k * p.n;
  c += int64_t{member} * p.m * p.n;
  const auto chunk_of = [](const T* of, int row, int rows, int col, int cols) {
    const bool inside = row < rows && col < cols;
    return Chunk<T>{inside ? of + int64_t{row} * cols + col : of, inside};
  };
  const auto chunk_a = [&](int step, int row, int chunk) {
    const int k0 = step * Product::k;
    if constexpr (ta) return chunk_of(a, k0 + row, p.k, m0 + elements * chunk, p.m);
    else return chunk_of(a, m0 + row, p.m, k0 + elements * chunk, p.k);
  };
  const auto chunk_b = [&](int step, int row, int chunk) {
    const int k0 = step * Product::k;
    if constexpr (tb) return chunk_of(b, n0 + row, p.n, k0 + elements * chunk, p.k);
    else return chunk_of(b, k0 + row, p.k, n0 + elements * chunk, p.n);
  };
  typename Product::Sums sums;
  Product::clear(sums);
  multiply_steps<Product>(shared, (p.k + Product::k - 1) / Product::k, chunk_a, chunk_b, sums);
  const auto to = [&](int row, int col) { return m0 + row < p.m && n0 + col < p.n ? c + int64_t{m0 + row} * p.n + n0 + col : nullptr; };
  if constexpr (std::is_same_v<C, T>) Product::store(shared, sums, to);
  else Product::store_f32(sums, to);
}

template <class Product, bool ta, bool tb, class C>
void start(const GemmProblem& p, const Gemm::Args& a, Stream stream) {
  using T = typename Product::T;
  const int tiles_m = (p.m + Product::m - 1) / Product::m, tiles_n = (p.n + Product::n - 1) / Product::n;
  launch({.grid = static_cast<unsigned>(tiles_m * tiles_n * p.batch),
          .block = Product::threads,
          .shared_bytes = sizeof(typename Product::Storage)},
         stream, gemm_tiled<Product, ta, tb, C>, p, tiles_m, tiles_n, static_cast<const T*>(a.a), static_cast<const T*>(a.b),
         static_cast<C*>(a.c));
}

template <class Tiles, bool ta, bool tb, class C>
void choose(const GemmProblem& p, const Gemm::Args& a, Stream stream) {
  const int64_t large_tiles = int64_t{p.batch} * ((p.m + 127) / 128) * ((p.n + 127) / 128);
  const bool large = large_tiles >= 128 && p.m > 64 && p.n > 64;  // enough for every multiprocessor
  if (large) start<typename Tiles::template Large<!ta, tb>, ta, tb, C>(p, a, stream);
  else start<typename Tiles::template Small<!ta, tb>, ta, tb, C>(p, a, stream);
}

template <class Tiles>
void run(const GemmProblem& p, const Gemm::Args& a, Scratch, Stream stream) {
  using T = typename Tiles::Operand;
  const auto with_out = [&]<bool ta, bool tb>() {
    if constexpr (!std::is_same_v<T, float>)
      if (p.out != p.dtype) return choose<Tiles, ta, tb, float>(p, a, stream);
    choose<Tiles, ta, tb, T>(p, a, stream);
  };
  if (p.ta && p.tb) with_out.template operator()<true, true>();
  else if (p.ta) with_out.template operator()<true, false>();
  else if (p.tb) with_out.template operator()<false, true>();
  else with_out.template operator()<false, false>();
}

}  // namespace duel::tiled_gemm
