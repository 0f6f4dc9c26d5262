// One tile of a matrix product by a block, on the ordinary f32 units: D[m,n] = A[m,k]·B[k,n]. The same face as BlockProduct
// (block_product.h), so that one kernel runs on either.
//
// A thread holds rows × cols values of D in registers. Of four steps of k it reads A's rows and B's columns in pieces of 16 bytes, and each
// value it has read serves a row or a column of its D: for 8 × 8, 256 multiply-adds of 16 reads. A warp's lanes stand 4 × 8 over its part
// of D. Where a tile holds rows along k, a lane's rows lie 4 apart (columns 8), so that neighbours read neighbouring rows; where it holds
// them along m (n), a lane has four in a row.
//
// Sums are over k in ascending order, each a chain of fused multiply-adds.
#pragma once
#include "kernels/tile/pipeline.h"
#include "kernels/tile/shared_tile.h"

namespace duel {

template <int rows, int cols, int warps_m, int warps_n, bool a_along_k, bool b_along_k, int stages_>
struct RegisterProduct {
  using T = float;
  static constexpr int m = 4 * rows * warps_m, n = 8 * cols * warps_n, k = 16, stages = stages_;
  static constexpr int threads = 32 * warps_m * warps_n;
  static constexpr int elements = chunk_elements<T>;
  static_assert(rows % 4 == 0 && cols % 4 == 0, "operands are read four at a time");

  template <int size, bool along_k>
  using Tile = std::conditional_t<along_k, SharedTile<T, size, k>, SharedTile<T, k, size>>;
  struct Stage {
    Tile<m, a_along_k> a;
    Tile<n, b_along_k> b;
  };
  struct Storage {
    Stage stage[stages];
  };
  using Sums = float[rows][cols];

  // Where a lane's i-th row (column) lies within its warp's part of D; `lanes` of them stand along that side.
  template <bool along_k, int lanes>
  static __device__ int place(int lane, int i) {
    return along_k ? lane + lanes * i : 4 * lane + 4 * lanes * (i / 4) + i % 4;
  }
  struct Lane {
    int m0, n0, row, col;  // of the warp's part, and where the lane stands in it
    __device__ Lane()
        : m0(static_cast<int>(threadIdx.x) / 32 / warps_n * 4 * rows),
          n0(static_cast<int>(threadIdx.x) / 32 % warps_n * 8 * cols),
          row(static_cast<int>(threadIdx.x) % 32 / 8),
          col(static_cast<int>(threadIdx.x) % 8) {}
  };

  static __device__ void clear(Sums& sums) {
#pragma unroll
    for (int i = 0; i < rows; ++i)
#pragma unroll
      for (int j = 0; j < cols; ++j) sums[i][j] = 0;
  }

  static __device__ void multiply(Stage& stage, Sums& sums) {
    const Lane lane;
#pragma unroll 1  // all of it at once would hold more values than there are registers
    for (int k0 = 0; k0 < k; k0 += 4) {
      float a[rows][4];  // [·][step of k]
      if constexpr (a_along_k)
#pragma unroll
        for (int i = 0; i < rows; ++i) read<1>(a[i], stage.a.at(lane.m0 + place<true, 4>(lane.row, i), k0 / 4));
      else
#pragma unroll
        for (int e = 0; e < 4; ++e)
#pragma unroll
          for (int i = 0; i < rows; i += 4) read<4>(&a[i][e], stage.a.at(k0 + e, (lane.m0 + place<false, 4>(lane.row, i)) / 4));
      if constexpr (b_along_k) {
#pragma unroll
        for (int j = 0; j < cols; ++j) {
          float b[4];
          read<1>(b, stage.b.at(lane.n0 + place<true, 8>(lane.col, j), k0 / 4));
#pragma unroll
          for (int e = 0; e < 4; ++e)
#pragma unroll
            for (int i = 0; i < rows; ++i) sums[i][j] = fma_rn(a[i][e], b[e], sums[i][j]);
        }
      } else {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          float b[cols];
#pragma unroll
          for (int j = 0; j < cols; j += 4) read<1>(&b[j], stage.b.at(k0 + e, (lane.n0 + place<false, 8>(lane.col, j)) / 4));
#pragma unroll
          for (int i = 0; i < rows; ++i)
#pragma unroll
            for (int j = 0; j < cols; ++j) sums[i][j] = fma_rn(a[i][e], b[j], sums[i][j]);
        }
      }
    }
  }

  // A thread's own values of D: own_rows × own_cols, columns in pieces that lie side by side. `sharing` threads, numbered by sharer(), have
  // the same columns.
  static constexpr int own_rows = rows, own_cols = cols, piece = b_along_k ? 1 : 4, sharing = 4 * warps_m;
  static __device__ int sharer() { return static_cast<int>(threadIdx.x) / 32 / warps_n * 4 + static_cast<int>(threadIdx.x) % 32 / 8; }
  static __device__ int own_row(int i) {
    const Lane lane;
    return lane.m0 + place<a_along_k, 4>(lane.row, i);
  }
  static __device__ int own_col(int j) {
    const Lane lane;
    return lane.n0 + place<b_along_k, 8>(lane.col, j);
  }
  static __device__ float& own_value(Sums& sums, int i, int j) { return sums[i][j]; }

  // Four values in one access, to to[0], to[stride], …
  template <int stride>
  static __device__ void read(float* to, const float* from) {
    const auto four = load_vec<Pack<float, 4>>(from);
#pragma unroll
    for (int l = 0; l < 4; ++l) to[stride * l] = four.at[l];
  }

  // D's tile: to(row, col) → where D's value goes, or nullptr. With columns in fours to() is asked for the first of four, which go
  // together.
  template <class To>
  static __device__ void store_f32(const Sums& sums, To to) {
    const Lane lane;
#pragma unroll
    for (int i = 0; i < rows; ++i) {
      const int row = lane.m0 + place<a_along_k, 4>(lane.row, i);
#pragma unroll
      for (int j = 0; j < cols; j += b_along_k ? 1 : 4) {
        float* at = to(row, lane.n0 + place<b_along_k, 8>(lane.col, j));
        if (!at) continue;
        if constexpr (b_along_k) *at = sums[i][j];
        else store_vec(at, Pack<float, 4>{{sums[i][j], sums[i][j + 1], sums[i][j + 2], sums[i][j + 3]}});
      }
    }
  }
  template <class To>
  static __device__ void store(Storage&, const Sums& sums, To to) {
    store_f32(sums, to);
  }
};

template <int stages>
struct RegisterTiles {
  using Operand = float;
  template <bool a_along_k, bool b_along_k>
  using Large = RegisterProduct<8, 8, 4, 2, a_along_k, b_along_k, stages>;  // 128 × 128
  template <bool a_along_k, bool b_along_k>
  using Small = RegisterProduct<4, 4, 4, 2, a_along_k, b_along_k, stages>;  // 64 × 64
};

}  // namespace duel
