// A tensor's elements by packs of 16 bytes, where all of its pointers are aligned to that; where one is not, as of a slice that starts at
// an odd element, one by one. What the last pack leaves goes one by one as well.
#pragma once
#include "kernels/optimizer/multi_tensor.h"
#include "kernels/ptx.h"

namespace duel {

struct ByPacks {
  template <class A, class Rule>
  __device__ static void step(const Rule& rule, const OptimizerTensor& tensor, int64_t begin, int64_t end) {
    constexpr int V = pack_elements<A>;
    using Values = Pack<A, V>;
    const auto bits = [](const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); };
    const bool aligned = ((bits(tensor.p) | bits(tensor.g) | bits(tensor.a) | bits(tensor.b)) % sizeof(Values) |
                          bits(tensor.copy) % (V * sizeof(bf16))) == 0;
    const int64_t whole = aligned ? end / V * V : begin;
    A *p = static_cast<A*>(tensor.p), *a = static_cast<A*>(tensor.a), *b = static_cast<A*>(tensor.b);
    const A* g = static_cast<const A*>(tensor.g);
    for (int64_t i = begin + int64_t{threadIdx.x} * V; i < whole; i += step_threads * V) {
      Values pi = load_vec<Values>(p + i), ai{}, bi{};
      const Values gi = load_vec<Values>(g + i);
      if (a) ai = load_vec<Values>(a + i);
      if (b) bi = load_vec<Values>(b + i);
      for (int e = 0; e < V; ++e) rule(pi.at[e], gi.at[e], ai.at[e], bi.at[e]);
      store_vec(p + i, pi);
      if (a) store_vec(a + i, ai);
      if (b) store_vec(b + i, bi);
      if (tensor.copy) store_copy(static_cast<bf16*>(tensor.copy) + i, pi);
    }
    ByElements::step<A>(rule, tensor, whole, end);
  }

 private:
  template <class A, int V>
  __device__ static void store_copy(bf16* to, const Pack<A, V>& from) {
    if constexpr (V == 4) {
      Pack<bf16, V> rounded;
      for (int e = 0; e < V; ++e) rounded.at[e] = static_cast<bf16>(from.at[e]);
      store_vec(to, rounded);
    } else {
      for (int e = 0; e < V; ++e) to[e] = static_cast<bf16>(from.at[e]);
    }
  }
};

}  // namespace duel
