// Atomics. Real ones, because blocks run on several OS threads; relaxed, as CUDA's are. Each returns the value before.
#pragma once
#include <cstdint>
#include <type_traits>

#include "kernels/sim/runtime.h"

namespace duel::sim {

template <class T>
concept AtomicInteger = std::is_same_v<T, int> || std::is_same_v<T, unsigned> || std::is_same_v<T, unsigned long long>;
template <class T>
concept WideInteger = AtomicInteger<T> || std::is_same_v<T, long long>;
template <class T>
using plain_t = std::type_identity_t<T>;  // not deduced, so that atomicAdd(&total, 1) works as in CUDA

#ifdef DUEL_SIM_CHECKED
void atomic_access(const void* at, size_t bytes);  // the checker sees one access, whatever the loop below takes
#else
inline void atomic_access(const void*, size_t) {}
#endif

template <class T, class F>
DUEL_SIM_UNCHECKED T atomic_retry(T* at, F next) {
  using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  static_assert(sizeof(T) == sizeof(Bits));
  Bits* cell = reinterpret_cast<Bits*>(at);
  Bits before = __atomic_load_n(cell, __ATOMIC_RELAXED);
  for (;;) {
    T old;
    __builtin_memcpy(&old, &before, sizeof old);
    const T value = next(old);
    Bits after;
    __builtin_memcpy(&after, &value, sizeof after);
    if (__atomic_compare_exchange_n(cell, &before, after, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) return old;
  }
}
template <class T, class F>
DUEL_SIM_INLINE T atomic_update(T* at, F next) {
  atomic_access(at, sizeof(T));
  return atomic_retry(at, next);
}

}  // namespace duel::sim

template <duel::sim::AtomicInteger T>
DUEL_SIM_INLINE T atomicAdd(T* at, duel::sim::plain_t<T> v) {
  return __atomic_fetch_add(at, v, __ATOMIC_RELAXED);
}
DUEL_SIM_INLINE float atomicAdd(float* at, float v) {
  return ::duel::sim::atomic_update(at, [v](float old) { return old + v; });
}
DUEL_SIM_INLINE double atomicAdd(double* at, double v) {
  return ::duel::sim::atomic_update(at, [v](double old) { return old + v; });
}
DUEL_SIM_INLINE int atomicSub(int* at, int v) { return __atomic_fetch_sub(at, v, __ATOMIC_RELAXED); }
DUEL_SIM_INLINE unsigned atomicSub(unsigned* at, unsigned v) { return __atomic_fetch_sub(at, v, __ATOMIC_RELAXED); }
template <duel::sim::WideInteger T>
DUEL_SIM_INLINE T atomicMax(T* at, duel::sim::plain_t<T> v) {
  return ::duel::sim::atomic_update(at, [v](T old) { return old > v ? old : v; });
}
template <duel::sim::WideInteger T>
DUEL_SIM_INLINE T atomicMin(T* at, duel::sim::plain_t<T> v) {
  return ::duel::sim::atomic_update(at, [v](T old) { return old < v ? old : v; });
}
template <duel::sim::WideInteger T>
DUEL_SIM_INLINE T atomicAnd(T* at, duel::sim::plain_t<T> v) {
  return __atomic_fetch_and(at, v, __ATOMIC_RELAXED);
}
template <duel::sim::WideInteger T>
DUEL_SIM_INLINE T atomicOr(T* at, duel::sim::plain_t<T> v) {
  return __atomic_fetch_or(at, v, __ATOMIC_RELAXED);
}
template <duel::sim::WideInteger T>
DUEL_SIM_INLINE T atomicXor(T* at, duel::sim::plain_t<T> v) {
  return __atomic_fetch_xor(at, v, __ATOMIC_RELAXED);
}
template <duel::sim::AtomicInteger T>
DUEL_SIM_INLINE T atomicExch(T* at, duel::sim::plain_t<T> v) {
  return __atomic_exchange_n(at, v, __ATOMIC_RELAXED);
}
DUEL_SIM_INLINE float atomicExch(float* at, float v) {
  return ::duel::sim::atomic_update(at, [v](float) { return v; });
}
template <class T>
requires(duel::sim::AtomicInteger<T> || std::is_same_v<T, unsigned short>) DUEL_SIM_INLINE T
    atomicCAS(T* at, duel::sim::plain_t<T> expected, duel::sim::plain_t<T> v) {
  __atomic_compare_exchange_n(at, &expected, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return expected;
}
DUEL_SIM_INLINE unsigned atomicInc(unsigned* at, unsigned last) {
  return ::duel::sim::atomic_update(at, [last](unsigned old) { return old >= last ? 0u : old + 1u; });
}
DUEL_SIM_INLINE unsigned atomicDec(unsigned* at, unsigned last) {
  return ::duel::sim::atomic_update(at, [last](unsigned old) { return old == 0u || old > last ? last : old - 1u; });
}

DUEL_SIM_INLINE void __threadfence() { ::duel::sim::fence(); }
DUEL_SIM_INLINE void __threadfence_system() { ::duel::sim::fence(); }
DUEL_SIM_INLINE void __threadfence_block() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }  // a block runs on one OS thread
