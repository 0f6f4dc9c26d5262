// Vector accesses of the simulated GPU: what ptx.h's load_vec and store_vec do there. They are apart because their width is a fact that the
// host compiler does not keep (it splits a float4 once its members are used), so the checker is told of it here.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/sim/runtime.h"

namespace duel::sim {

#ifdef DUEL_SIM_CHECKED
void copy_vector(void* to, const void* from, size_t bytes, bool store);  // one access of the device side, whole
#else
inline void copy_vector(void* to, const void* from, size_t bytes, bool) { std::memcpy(to, from, bytes); }
#endif

template <class V>
void check_vector(const void* at, Site site) {
  static_assert(std::is_trivially_copyable_v<V> && (sizeof(V) == 8 || sizeof(V) == 16), "a vector access moves 8 or 16 bytes");
  if (reinterpret_cast<uintptr_t>(at) % sizeof(V)) misuse("a vector access at an address that is not a multiple of its size", site);
}
template <class V>
DUEL_SIM_INLINE V vector_load(const void* at, Site site = Site::here()) {
  check_vector<V>(at, site);
  V v;
  copy_vector(&v, at, sizeof v, false);
  return v;
}
template <class V>
DUEL_SIM_INLINE void vector_store(void* at, const V& v, Site site = Site::here()) {
  check_vector<V>(at, site);
  copy_vector(at, &v, sizeof v, true);
}

}  // namespace duel::sim
