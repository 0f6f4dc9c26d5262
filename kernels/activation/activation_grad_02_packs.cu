// activation_grad, rung 2: 16 bytes a thread and access instead of one element, and the activation chosen before the loop. Bounded by
// memory: saved and g read once, gx written once.
#include "kernels/activation/functions.h"
#include "kernels/packs.h"

namespace duel {
namespace {

bool supports(const ActivationProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void activation_grad_packs(ActivationProblem p, const T* saved, const T* g, T* gx) {
  using A = accumulator_t<T>;
  constexpr int V = pack_elements<T>;
  const A slope = static_cast<A>(p.slope);
  with_act(p.act, [&](auto act) {
    const auto f = [&](T s, T value) {
      return static_cast<T>(static_cast<A>(value) * act_grad_factor<decltype(act)::value>(static_cast<A>(s), slope));
    };
    packs::each<V>(
        p.n,
        [&](int64_t i) {
          const Pack<T, V> s = load_vec<Pack<T, V>>(saved + i);
          Pack<T, V> v = load_vec<Pack<T, V>>(g + i);
          for (int e = 0; e < V; ++e) v.at[e] = f(s.at[e], v.at[e]);
          store_vec(gx + i, v);
        },
        [&](int64_t i) { gx[i] = f(saved[i], g[i]); });
  });
}

void run(const ActivationProblem& p, const ActivationGrad::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch(packs::shape(p.n, pack_elements<T>), stream, activation_grad_packs<T>, p, static_cast<const T*>(a.saved),
           static_cast<const T*>(a.g), static_cast<T*>(a.gx));
  });
}

KERNEL_VARIANT(ActivationGrad, packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
