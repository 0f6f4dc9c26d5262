// The textbook's tile of a matrix product: 16 × 16 threads, each with one value of D[m,n] = A[m,k]·B[k,n], and 16 steps of k at a time in
// shared memory, so that what one thread has read from device memory serves sixteen.
#pragma once
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {

constexpr int plain_side = 16;

// T: the sums' type. along_k: memory has k contiguous, so neighbouring threads read along k. Tiles that are written by columns have rows of
// 18, the others of 16: either way the 32 values that a warp writes lie in 32 banks.
template <class T, bool a_along_k, bool b_along_k>
struct PlainTiles {
  T a[plain_side][a_along_k ? 16 : 18], b[plain_side][b_along_k ? 18 : 16];
};

// D at this thread: row threadIdx.y, column threadIdx.x. a(row, l) and b(l, column) → their elements, 0 outside; sums over l < depth.
template <class T, bool a_along_k, bool b_along_k, class A, class B>
__device__ T plain_product(PlainTiles<T, a_along_k, b_along_k>& tiles, int depth, A a, B b) {
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  T sum = 0;
  for (int l0 = 0; l0 < depth; l0 += plain_side) {
    if constexpr (a_along_k) tiles.a[y][x] = a(y, l0 + x);
    else tiles.a[x][y] = a(x, l0 + y);
    if constexpr (b_along_k) tiles.b[x][y] = b(l0 + x, y);
    else tiles.b[y][x] = b(l0 + y, x);
    __syncthreads();
#pragma unroll
    for (int l = 0; l < plain_side; ++l) sum = fma_rn(tiles.a[y][l], tiles.b[l][x], sum);
    __syncthreads();  // the next tiles come into the same memory
  }
  return sum;
}

}  // namespace duel
