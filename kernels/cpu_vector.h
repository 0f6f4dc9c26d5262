// Vectors of the width that this level of the processor has, for CPU rows that say themselves what lies in a register.
#pragma once
#include <cmath>
#include <cstring>
#ifdef __SSE__
#include <immintrin.h>
#endif

namespace duel::vectors {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
constexpr int narrowest = 16;  // channels in multiples of it fill whole vectors at every level
typedef float Vector __attribute__((vector_size(lanes * sizeof(float))));

// Without fused multiply-adds these loops take twice as many instructions, and a library that generates code at run time wins.
#ifdef __FMA__
constexpr bool has_fma = true;
#else
constexpr bool has_fma = false;
#endif

inline Vector load(const float* from) {
  Vector v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void store(float* to, Vector v) { std::memcpy(to, &v, sizeof v); }
// Past the caches, for memory that will not be read again before it has left them; `to` is aligned to a vector, and stream_end() follows.
inline void stream(float* to, Vector v) {
#if defined(__AVX512F__)
  _mm512_stream_ps(to, v);
#elif defined(__AVX__)
  _mm256_stream_ps(to, v);
#elif defined(__SSE__)
  _mm_stream_ps(to, v);
#else
  store(to, v);
#endif
}
inline void stream_end() {
#ifdef __SSE__
  _mm_sfence();
#endif
}
inline Vector broadcast(float value) {
  Vector v;
  for (int i = 0; i < lanes; ++i) v[i] = value;
  return v;
}
inline Vector multiply_add(Vector a, Vector b, Vector c) {  // written fma(): this code is compiled without contraction
  if constexpr (!has_fma) return a * b + c;
  Vector sum;
  for (int i = 0; i < lanes; ++i) sum[i] = std::fma(a[i], b[i], c[i]);
  return sum;
}

}  // namespace duel::vectors
