// Sums over a warp and a block, in a fixed order.
#pragma once
#include "kernels/ptx/device.h"

#if defined(DUEL_SIM) || defined(__CUDACC__)
namespace duel {

struct Sum {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
struct Max {  // a NaN wins, so that it is not lost
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a > b || a != a ? a : b;
  }
};

// Over the 32 lanes, as a butterfly: lanes that meet add the same two numbers, so every lane gets the same bits. All lanes must call it.
template <class T, class Op>
__device__ T warp_reduce(T value, Op op) {
  for (int by = 16; by > 0; by /= 2) value = op(value, __shfl_xor_sync(0xffffffffu, value, by));
  return value;
}
template <class T>
__device__ T warp_sum(T value) {
  return warp_reduce(value, Sum{});
}
template <class T>
__device__ T warp_max(T value) {
  return warp_reduce(value, Max{});
}

// Over the block, in an order fixed by the block's shape; every thread gets the result. `storage`: T[32] in shared memory, free for other
// use on return. The block's size must be a multiple of 32, and all its threads must call.
template <class T, class Op>
__device__ T block_reduce(T value, Op op, T* storage) {
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  const unsigned warps = blockDim.x * blockDim.y * blockDim.z / 32;
  value = warp_reduce(value, op);
  if (thread % 32 == 0) storage[thread / 32] = value;
  __syncthreads();
  T total = storage[0];
  for (unsigned i = 1; i < warps; ++i) total = op(total, storage[i]);
  __syncthreads();
  return total;
}
template <class T>
__device__ T block_sum(T value, T* storage) {
  return block_reduce(value, Sum{}, storage);
}
template <class T>
__device__ T block_max(T value, T* storage) {
  return block_reduce(value, Max{}, storage);
}

}  // namespace duel
#endif
