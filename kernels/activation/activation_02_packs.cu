// activation, rung 2: 16 bytes a thread and access instead of one element, and the activation chosen before the loop. Bounded by memory: x
// read once, y written once.
#include "kernels/activation/functions.h"
#include "kernels/packs.h"

namespace duel {
namespace {

bool supports(const ActivationProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void activation_packs(ActivationProblem p, const T* x, T* y) {
  using A = accumulator_t<T>;
  constexpr int V = pack_elements<T>;
  const A slope = static_cast<A>(p.slope);
  with_act(p.act, [&](auto act) {
    const auto f = [&](T value) { return static_cast<T>(act_forward<decltype(act)::value>(static_cast<A>(value), slope)); };
    packs::each<V>(
        p.n,
        [&](int64_t i) {
          Pack<T, V> v = load_vec<Pack<T, V>>(x + i);
          for (int e = 0; e < V; ++e) v.at[e] = f(v.at[e]);
          store_vec(y + i, v);
        },
        [&](int64_t i) { y[i] = f(x[i]); });
  });
}

void run(const ActivationProblem& p, const Activation::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch(packs::shape(p.n, pack_elements<T>), stream, activation_packs<T>, p, static_cast<const T*>(a.x), static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(Activation, packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
