// unary, rung 2: 16 bytes a thread and access, and the function chosen before the loop instead of for each element. A broadcast operand is
// found by additions from pack to pack; where its channels fill whole packs it is read by packs too. Bounded by memory: what the operand
// holds read once, y written once.
#include "kernels/pointwise/spread_packs.h"

namespace duel {
namespace {

bool supports(const UnaryProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void unary_packs(UnaryProblem p, const T* x, T* y) {
  using A = accumulator_t<T>;
  constexpr int V = pack_elements<T>;
  const A a = static_cast<A>(p.a), b = static_cast<A>(p.b);
  with_unary_fn(p.fn, [&](auto fn) {
    const auto f = [&](T value) { return static_cast<T>(unary_value<decltype(fn)::value>(static_cast<A>(value), a, b)); };
    packs::each<V>(
        p.count(),
        [&](int64_t i) {
          Pack<T, V> v = load_vec<Pack<T, V>>(x + i);
          for (int e = 0; e < V; ++e) v.at[e] = f(v.at[e]);
          store_vec(y + i, v);
        },
        [&](int64_t i) { y[i] = f(x[i]); });
  });
}

template <class T>
__global__ void unary_spread_packs(UnaryProblem p, SpreadWalk walk, SpreadOperand from, const T* x, T* y) {
  using A = accumulator_t<T>;
  constexpr int V = pack_elements<T>;
  const A a = static_cast<A>(p.a), b = static_cast<A>(p.b);
  Place at = walk.place(packs::first_of<V>());
  with_unary_fn(p.fn, [&](auto fn) {
    const auto f = [&](T value) { return static_cast<T>(unary_value<decltype(fn)::value>(static_cast<A>(value), a, b)); };
    packs::each<V>(
        p.count(),
        [&](int64_t i) {
          Pack<T, V> v = load_spread(from, walk, x, i, at);
          for (int e = 0; e < V; ++e) v.at[e] = f(v.at[e]);
          store_vec(y + i, v);
          walk.step(at);
        },
        [&](int64_t i) { y[i] = f(x[spread_index(p.from, i, p.inner, p.c)]); });
  });
}

void run(const UnaryProblem& p, const Unary::Args& args, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int V = pack_elements<T>;
    const T* x = static_cast<const T*>(args.x);
    T* y = static_cast<T*>(args.y);
    const LaunchShape shape = packs::shape(p.count(), V);
    if (p.from == Spread::full) return launch(shape, stream, unary_packs<T>, p, x, y);
    launch(shape, stream, unary_spread_packs<T>, p, spread_walk(p.inner, p.c, packs::stride(shape, V)),
           spread_operand(p.from, p.inner, p.c, V), x, y);
  });
}

KERNEL_VARIANT(Unary, packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
