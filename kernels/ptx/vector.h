// Access of 8 and 16 bytes in one request.
#pragma once
#include <cstddef>

#include "kernels/ptx/device.h"
#ifdef DUEL_SIM
#include "kernels/sim/access.h"
#endif

namespace duel {

// N elements that move as one: Pack<float, 4> and Pack<bf16, 8> are 16 bytes.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
  static_assert(sizeof(T) * N == 8 || sizeof(T) * N == 16, "a vector access moves 8 or 16 bytes");
  T at[N];
};
template <class T>
constexpr int pack_elements = 16 / static_cast<int>(sizeof(T));

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

#elif defined(__CUDACC__)

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
  // Not by memcpy: of a word that is chosen between two, nvcc then loads the
  // bytes one by one.
  return __builtin_bit_cast(V, word);
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

}  // namespace duel
