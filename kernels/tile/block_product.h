// One tile of a matrix product by a block, on tensor cores: D[m,n] = A[m,k]·B[k,n], operands bf16 or f32, sums in f32. What matrix product
// and the three convolutions share; they differ in where a chunk of A and of B comes from and where D goes. Multiplied: bf16, float or tf32
// (fragments.h), which says what memory holds.
//
// k runs in steps through pairs of tiles in shared memory (pipeline.h). Operands come from either orientation: a tile holds rows of A (of
// Bᵀ) along k, or rows along m (along n), as memory has them.
//
// Sums are over k in ascending order of the steps, on each device in the order of its matrix instruction.
#pragma once
#include "kernels/tile/fragments.h"
#include "kernels/tile/pipeline.h"

namespace duel {

// D's tile is m×n; warps_m × warps_n warps share it. along_k: memory has k contiguous.
template <class Multiplied, int m_, int n_, int warps_m, int warps_n, bool a_along_k, bool b_along_k>
struct BlockProduct {
  using Fragment = Fragments<Multiplied>;
  using T = typename Fragment::Element;
  static constexpr int m = m_, n = n_, k = 64 / static_cast<int>(sizeof(T)), stages = 3, threads = 32 * warps_m * warps_n;
  static constexpr int warp_m = m / warps_m, warp_n = n / warps_n, tiles_m = warp_m / 16, tiles_n = warp_n / 8;
  static_assert(warp_m % 16 == 0 && warp_n % 16 == 0, "a warp multiplies by 16 columns at a time");
  static constexpr int elements = chunk_elements<T>;

  template <int size, bool along_k>
  using Tile = std::conditional_t<along_k, SharedTile<T, size, k>, SharedTile<T, k, size, !Fragment::transposing_load>>;
  struct Stage {
    Tile<m, a_along_k> a;
    Tile<n, b_along_k> b;
  };
  union Storage {
    Stage stage[stages];
    std::conditional_t<sizeof(T) == 2, SharedTile<T, m, n>, char> d;  // on its way out, where that goes by way of shared memory
  };
  using Sums = float[tiles_m][tiles_n][4];

  static __device__ void clear(Sums& sums) {
#pragma unroll
    for (int i = 0; i < tiles_m; ++i)
#pragma unroll
      for (int j = 0; j < tiles_n; ++j)
#pragma unroll
        for (int e = 0; e < 4; ++e) sums[i][j][e] = 0;
  }

  static __device__ void multiply(Stage& stage, Sums& sums) {
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    const int m0 = warp / warps_n * warp_m, n0 = warp % warps_n * warp_n;
#pragma unroll
    for (int k0 = 0; k0 < k; k0 += Fragment::k) {
      typename Fragment::A a[tiles_m];
      typename Fragment::B b[tiles_n / 2][2];
#pragma unroll
      for (int i = 0; i < tiles_m; ++i) a[i] = Fragment::template load_a<a_along_k>(stage.a, m0 + 16 * i, k0, lane);
#pragma unroll
      for (int j = 0; j < tiles_n / 2; ++j) Fragment::template load_b<b_along_k>(b[j], stage.b, k0, n0 + 16 * j, lane);
#pragma unroll
      for (int i = 0; i < tiles_m; ++i)
#pragma unroll
        for (int j = 0; j < tiles_n; ++j) Fragment::multiply(sums[i][j], a[i], b[j / 2][j % 2]);
    }
  }

  // A thread's own values of D: own_rows × own_cols, columns in pieces that lie side by side. `sharing` threads, numbered by sharer(), have
  // the same columns.
  static constexpr int own_rows = 2 * tiles_m, own_cols = 2 * tiles_n, piece = 2, sharing = 8 * warps_m;
  static __device__ int sharer() { return static_cast<int>(threadIdx.x) / 32 / warps_n * 8 + static_cast<int>(threadIdx.x) % 32 / 4; }
  static __device__ int own_row(int i) {
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    return warp / warps_n * warp_m + lane / 4 + 8 * i;
  }
  static __device__ int own_col(int j) {
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    return warp % warps_n * warp_n + lane % 4 * 2 + j / 2 * 8 + j % 2;
  }
  static __device__ float& own_value(Sums& sums, int i, int j) { return sums[i / 2][j / 2][2 * (i % 2) + j % 2]; }

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
  // D's tile in the operands' type: to(row, col) → where 16 bytes from there on go, or nullptr. bf16 goes by way of shared memory, because
  // a lane's pair is only 4 bytes.
  template <class To>
  static __device__ void store(Storage& shared, const Sums& sums, To to) {
    if constexpr (sizeof(T) == sizeof(float)) {
      store_f32(sums, to);
    } else {
      __syncthreads();  // the last step's operands have been read
      each_pair(sums, [&](int row, int col, float x, float y) {
        *reinterpret_cast<uint32_t*>(&shared.d.value(row, col)) = bf16(x).bits | static_cast<uint32_t>(bf16(y).bits) << 16;
      });
      __syncthreads();
      constexpr int chunks = n / elements;
#pragma unroll
      for (int i = static_cast<int>(threadIdx.x); i < m * chunks; i += threads)
        if (bf16* at = to(i / chunks, i % chunks * elements)) store_vec(at, load_vec<Pack<bf16, 8>>(shared.d.at(i / chunks, i % chunks)));
    }
  }
};

template <class Multiplied>
struct TensorTiles {
  using Operand = typename Fragments<Multiplied>::Element;
  template <bool a_along_k, bool b_along_k>
  using Large = BlockProduct<Multiplied, 128, 128, 2, 4, a_along_k, b_along_k>;
  template <bool a_along_k, bool b_along_k>
  using Small = BlockProduct<Multiplied, 64, 64, 2, 2, a_along_k, b_along_k>;
};

}  // namespace duel
