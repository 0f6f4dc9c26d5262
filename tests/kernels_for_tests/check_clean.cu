// Kernels that have no fault, and look as if they had.
#include "tests/kernels_for_tests/check_kernel.h"

namespace duel {
namespace {

namespace clean {

__global__ void barriers(const float* x, float* y, long long n) {
  float* tile = shared_storage<Tile>().value;
  float sum = 0;
  for (long long from = 0; from < n; from += blockDim.x) {
    tile[threadIdx.x] = x[from + threadIdx.x];
    __syncthreads();
    for (unsigned i = 0; i < blockDim.x; ++i) sum += tile[i];
    __syncthreads();
  }
  y[threadIdx.x] = sum;
}
PROBE(barriers);
__global__ void warps_apart(const float* x, float* y, long long) {  // a warp works on its own 32 values with __syncwarp() alone
  float* tile = shared_storage<Tile>().value;
  tile[threadIdx.x] = x[threadIdx.x];
  __syncwarp();
  const float next = tile[threadIdx.x ^ 1];
  __syncwarp();
  tile[threadIdx.x] = next;
  __syncwarp();
  y[blockIdx.x * blockDim.x + threadIdx.x] = tile[threadIdx.x ^ 31];
}
PROBE(warps_apart);
__global__ void halves(const float* x, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  tile[threadIdx.x] = x[threadIdx.x];
  __syncwarp(threadIdx.x % 32 < 16 ? 0xffffu : 0xffff0000u);
  y[threadIdx.x] = tile[threadIdx.x ^ 8];
}
PROBE(halves);
__global__ void bytes(const unsigned char* x, unsigned char* y, long long n) {  // neighbours in one word
  const long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) y[i] = x[i];
}
PROBE_OF(unsigned char, bytes);
__global__ void words_then_bytes(const unsigned char* x, unsigned char* y, long long n) {
  unsigned* words = reinterpret_cast<unsigned*>(y);
  for (long long i = threadIdx.x; i < n / 4; i += blockDim.x) words[i] = 0;
  __syncthreads();
  for (long long i = threadIdx.x; i < n; i += blockDim.x) y[i] = static_cast<unsigned char>(y[i] + x[i]);
}
PROBE_OF(unsigned char, words_then_bytes);
__global__ void bf16_pairs(const bf16* x, bf16* y, long long n) {
  for (long long i = threadIdx.x; i < n; i += blockDim.x) y[i] = static_cast<bf16>(2 * static_cast<float>(x[i]));
}
PROBE_OF(bf16, bf16_pairs);
__global__ void atomics(const float*, float* y, long long) {
  atomicAdd(y, 1.0f);
  if (threadIdx.x == 0) atomicExch(reinterpret_cast<int*>(y + 1), 5);
}
PROBE(atomics);
__global__ void table(const float*, float* y, long long) {
  static const float numbers[4] = {1, 2, 3, 4};
  float own[4] = {0, 0, 0, 0};  // a thread's own array, whose addresses are computed
  for (unsigned i = 0; i < 4; ++i) own[(i + threadIdx.x) % 4] = numbers[i];
  y[threadIdx.x] = own[threadIdx.x % 3];
}
PROBE(table);
__global__ void vectors(const float* x, float* y, long long n) {
  for (long long i = 4 * threadIdx.x; i < n; i += 4 * blockDim.x) store_vec(y + i, load_vec<float4>(x + i));
}
PROBE(vectors);

}  // namespace clean

__global__ void named_chain(const float* x, float* y, long long) {  // warp 0 to 1, then 1 to 2: what 0 wrote, 2 may read
  float* tile = shared_storage<Tile>().value;
  const unsigned warp = threadIdx.x / 32;
  if (warp == 0) {
    tile[threadIdx.x] = x[threadIdx.x];
    barrier_arrive(1, 64);
  } else if (warp == 1) {
    barrier_sync(1, 64);
    __syncwarp();
    barrier_arrive(2, 64);
  } else {
    barrier_sync(2, 64);
    y[threadIdx.x] = tile[threadIdx.x - 64];
  }
}
PROBE(named_chain);
__global__ void async_tiles(const float* x, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  for (int i = 0; i < 3; ++i) {
    copy_async<16>(tile + 4 * threadIdx.x, x + 4 * threadIdx.x, threadIdx.x % 4 != 3);
    copy_async_commit();
    copy_async_wait<0>();
    __syncthreads();
    y[threadIdx.x] = tile[(threadIdx.x + 32) % blockDim.x];
    __syncthreads();
  }
  copy_async<4>(tile + threadIdx.x, x);  // nobody reads it, and the block ends before it lands
}
PROBE(async_tiles);
__global__ void matrix_rows(const float*, float* y, long long) {  // only the first eight lanes' addresses count
  float* tile = shared_storage<Tile>().value;
  tile[threadIdx.x] = 0;
  __syncwarp();
  uint32_t r[1];
  ldmatrix(r, tile + 4 * threadIdx.x);
  stmatrix(tile + 4 * threadIdx.x, r);
  __syncwarp();
  y[threadIdx.x] = tile[threadIdx.x ^ 9];
}
PROBE(matrix_rows);

}  // namespace
}  // namespace duel
