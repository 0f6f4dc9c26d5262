// One tile of a matrix product by a block, on tensor cores: D[m,n] = A[m,k]·B[k,n], A and B bf16, sums in f32. What matrix product and the
// three convolutions share; they differ in where a chunk of A and of B comes from and where D goes.
//
// k runs in steps through `stages` pairs of tiles in shared memory: while one is multiplied, copies fill the next ones (cp.async), and one
// barrier a step keeps them apart. ldmatrix takes operands from either orientation: a tile holds rows of A (of Bᵀ) along k, or rows along m
// (along n), as memory has them.
//
// Sums are over k in ascending order of the steps, on each device in the order of its matrix instruction.
#pragma once
#include "kernels/tile/shared_tile.h"

namespace duel {

// D's tile is m×n, a step takes k; warps_m × warps_n warps share it. along_k: memory has k contiguous.
template <int m_, int n_, int k_, int warps_m, int warps_n, bool a_along_k, bool b_along_k>
struct BlockProduct {
  static constexpr int m = m_, n = n_, k = k_, stages = 3, threads = 32 * warps_m * warps_n;
  static constexpr int warp_m = m / warps_m, warp_n = n / warps_n, tiles_m = warp_m / 16, tiles_n = warp_n / 8;
  static_assert(warp_m % 16 == 0 && warp_n % 16 == 0 && k % 16 == 0, "a warp multiplies 16×16 by 16×16");

  using ATile = std::conditional_t<a_along_k, SharedTile<m, k>, SharedTile<k, m>>;
  using BTile = std::conditional_t<b_along_k, SharedTile<n, k>, SharedTile<k, n>>;
  struct Stage {
    ATile a;
    BTile b;
  };
  union Storage {
    Stage stage[stages];
    SharedTile<m, n> d;  // on its way out
  };
  using Sums = float[tiles_m][tiles_n][4];

  // a(step, row, chunk) and b(step, row, chunk) → Chunk of that step's tiles.
  template <class A, class B>
  static __device__ void run(Storage& shared, int steps, A a, B b, Sums& sums) {
#pragma unroll
    for (int i = 0; i < tiles_m; ++i)
#pragma unroll
      for (int j = 0; j < tiles_n; ++j)
#pragma unroll
        for (int e = 0; e < 4; ++e) sums[i][j][e] = 0;
    const auto fill = [&](int step) {
      Stage& stage = shared.stage[step % stages];
      fill_async<threads>(stage.a, [&](int row, int chunk) { return a(step, row, chunk); });
      fill_async<threads>(stage.b, [&](int row, int chunk) { return b(step, row, chunk); });
    };
    for (int step = 0; step < stages - 1; ++step) {
      if (step < steps) fill(step);
      copy_async_commit();
    }
    for (int step = 0; step < steps; ++step) {
      copy_async_wait<stages - 2>();
      __syncthreads();  // everyone's part of this step has landed, and everyone has done with the stage that is filled next
      if (step + stages - 1 < steps) fill(step + stages - 1);
      copy_async_commit();
      multiply(shared.stage[step % stages], sums);
    }
  }

  static __device__ void multiply(Stage& stage, Sums& sums) {
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    const int m0 = warp / warps_n * warp_m, n0 = warp % warps_n * warp_n;
#pragma unroll
    for (int k0 = 0; k0 < k; k0 += 16) {
      uint32_t a[tiles_m][4], b[tiles_n / 2][4];
#pragma unroll
      for (int i = 0; i < tiles_m; ++i) {  // matrices in the order (0, 0), (8, 0), (0, 8), (8, 8) of (m, k)
        const int at = m0 + 16 * i;
        if constexpr (a_along_k) ldmatrix(a[i], stage.a.at(at + lane % 16, k0 / 8 + lane / 16));
        else ldmatrix_transposed(a[i], stage.a.at(k0 + lane % 8 + lane / 16 * 8, at / 8 + lane / 8 % 2));
      }
#pragma unroll
      for (int j = 0; j < tiles_n / 2; ++j) {  // (0, 0), (8, 0), (0, 8), (8, 8) of (k, n)
        const int at = n0 + 16 * j;
        if constexpr (b_along_k) ldmatrix(b[j], stage.b.at(at + lane % 8 + lane / 16 * 8, k0 / 8 + lane / 8 % 2));
        else ldmatrix_transposed(b[j], stage.b.at(k0 + lane % 16, at / 8 + lane / 16));
      }
#pragma unroll
      for (int i = 0; i < tiles_m; ++i)
#pragma unroll
        for (int j = 0; j < tiles_n; ++j) {
          const uint32_t pair[2] = {b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]};
          mma_bf16(sums[i][j], a[i], pair);
        }
    }
  }

  // f(row, col, x, y) for the pairs (row, col), (row, col + 1) of D's tile that this lane holds.
  template <class F>
  static __device__ void each_pair(const Sums& sums, F f) {
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    const int row0 = warp / warps_n * warp_m + lane / 4, col0 = warp % warps_n * warp_n + lane % 4 * 2;
#pragma unroll
    for (int i = 0; i < tiles_m; ++i)
#pragma unroll
      for (int j = 0; j < tiles_n; ++j)
#pragma unroll
        for (int half = 0; half < 2; ++half) f(row0 + 16 * i + 8 * half, col0 + 8 * j, sums[i][j][2 * half], sums[i][j][2 * half + 1]);
  }

  // D's tile as f32: to(row, col) → where the pair goes (8 bytes, aligned), or nullptr.
  template <class To>
  static __device__ void store_f32(const Sums& sums, To to) {
    each_pair(sums, [&](int row, int col, float x, float y) {
      if (float* at = to(row, col)) store_vec(at, Pack<float, 2>{{x, y}});
    });
  }
  // D's tile as bf16, by way of shared memory in chunks of 16 bytes: to(row, chunk) → where the chunk goes, or nullptr.
  template <class To>
  static __device__ void store_bf16(Storage& shared, const Sums& sums, To to) {
    __syncthreads();  // the last step's operands have been read
    each_pair(sums, [&](int row, int col, float x, float y) {
      bf16* at = shared.d.at(row, col / chunk_elements) + col % chunk_elements;
      *reinterpret_cast<uint32_t*>(at) = bf16(x).bits | static_cast<uint32_t>(bf16(y).bits) << 16;
    });
    __syncthreads();
    constexpr int chunks = n / chunk_elements;
#pragma unroll
    for (int i = static_cast<int>(threadIdx.x); i < m * chunks; i += threads)
      if (bf16* at = to(i / chunks, i % chunks)) store_vec(at, load_vec<Pack<bf16, 8>>(shared.d.at(i / chunks, i % chunks)));
  }
};

}  // namespace duel
