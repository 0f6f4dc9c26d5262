// Device code that has no plain C++ spelling, under names of its own, each with its twin on the simulated device.
//
// Vector access: 8 and 16 bytes in one request. Sums over a warp and a block in a fixed order. Arithmetic that rounds where it says.
// A kernel reaches an instruction through a wrapper here or not at all: inline PTX does not compile for the simulated device.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>

#ifdef DUEL_SIM
#include "kernels/sim/access.h"
#include "kernels/sim/cuda.h"
#elif defined(__CUDACC__)
#include <cuda_runtime.h>
#endif
#include "kernels/dtype.h"

namespace duel {

// One rounding an operation, on every device: nvcc joins a*b+c into an fma where it can, host compilers are told not to. Functors that the
// CPU row and the CUDA row share use these where their bits must agree.
HD inline float mul_rn(float a, float b) {
#ifdef __CUDA_ARCH__
  return __fmul_rn(a, b);
#else
  return a * b;
#endif
}
HD inline float add_rn(float a, float b) {
#ifdef __CUDA_ARCH__
  return __fadd_rn(a, b);
#else
  return a + b;
#endif
}
HD inline double mul_rn(double a, double b) {
#ifdef __CUDA_ARCH__
  return __dmul_rn(a, b);
#else
  return a * b;
#endif
}
HD inline double add_rn(double a, double b) {
#ifdef __CUDA_ARCH__
  return __dadd_rn(a, b);
#else
  return a + b;
#endif
}
HD inline float fma_rn(float a, float b, float c) { return fmaf(a, b, c); }  // IEEE 754 fusedMultiplyAdd: the same bits everywhere
HD inline double fma_rn(double a, double b, double c) { return fma(a, b, c); }

// N elements that move as one: Pack<float, 4> and Pack<bf16, 8> are 16 bytes.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
  static_assert(sizeof(T) * N == 8 || sizeof(T) * N == 16, "a vector access moves 8 or 16 bytes");
  T at[N];
};
template <class T>
constexpr int pack_elements = 16 / static_cast<int>(sizeof(T));

#if defined(DUEL_SIM) || defined(__CUDACC__)

#ifdef DUEL_SIM

// V is any 8- or 16-byte type; the address must be a multiple of its size.
template <class V>
DUEL_SIM_INLINE V load_vec(const void* at) {
  return sim::vector_load<V>(at);
}
template <class V>
DUEL_SIM_INLINE V load_stream(const void* at) {
  return sim::vector_load<V>(at);
}
template <class V>
DUEL_SIM_INLINE void store_vec(void* at, const V& v) {
  sim::vector_store(at, v);
}
template <class V>
DUEL_SIM_INLINE void store_stream(void* at, const V& v) {
  sim::vector_store(at, v);
}

#else

template <size_t bytes>
struct VectorWord;
template <>
struct VectorWord<8> {
  using type = uint2;
};
template <>
struct VectorWord<16> {
  using type = uint4;
};
template <class V>
using vector_word_t = typename VectorWord<sizeof(V)>::type;

template <class V>
__device__ V from_word(const vector_word_t<V>& word) {
  V v;
  memcpy(&v, &word, sizeof v);
  return v;
}
template <class V>
__device__ vector_word_t<V> to_word(const V& v) {
  vector_word_t<V> word;
  memcpy(&word, &v, sizeof v);
  return word;
}
// V is any 8- or 16-byte type; the address must be a multiple of its size.
template <class V>
__device__ V load_vec(const void* at) {
  return from_word<V>(*static_cast<const vector_word_t<V>*>(at));
}
template <class V>
__device__ void store_vec(void* at, const V& v) {
  *static_cast<vector_word_t<V>*>(at) = to_word(v);
}
// For data used once: evicted first (ld.global.cs, st.global.cs), so that what is used again stays in L2. Global memory only.
template <class V>
__device__ V load_stream(const void* at) {
  return from_word<V>(__ldcs(static_cast<const vector_word_t<V>*>(at)));
}
template <class V>
__device__ void store_stream(void* at, const V& v) {
  __stcs(static_cast<vector_word_t<V>*>(at), to_word(v));
}

#endif

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

#endif

}  // namespace duel
