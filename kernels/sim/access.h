// Vector accesses of the simulated GPU: what ptx.h's load_vec and store_vec do there. They are apart because their width is a fact that the
// host compiler does not keep (it splits a float4 once its members are used), and an access tool would have to be told.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/sim/runtime.h"

namespace duel::sim {

template <class V>
void check_vector(const void* at, Site site) {
  static_assert(std::is_trivially_copyable_v<V> && (sizeof(V) == 8 || sizeof(V) == 16), "a vector access moves 8 or 16 bytes");
  if (reinterpret_cast<uintptr_t>(at) % sizeof(V)) misuse("a vector access at an address that is not a multiple of its size", site);
}
template <class V>
V vector_load(const void* at, Site site = Site::here()) {
  check_vector<V>(at, site);
  V v;
  std::memcpy(&v, at, sizeof v);
  return v;
}
template <class V>
void vector_store(void* at, const V& v, Site site = Site::here()) {
  check_vector<V>(at, site);
  std::memcpy(at, &v, sizeof v);
}

}  // namespace duel::sim
