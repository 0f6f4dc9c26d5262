// binary, rung 2: 16 bytes a thread and access, and the function chosen before the loop instead of for each element. A broadcast operand is
// found by additions from pack to pack; where its channels fill whole packs it is read by packs too. Bounded by memory: what the operands
// hold read once, y written once.
#include "kernels/pointwise/spread_packs.h"

namespace duel {
namespace {

bool supports(const BinaryProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void binary_packs(BinaryProblem p, const T* a, const T* b, T* y) {
  using A = accumulator_t<T>;
  constexpr int V = pack_elements<T>;
  with_binary_fn(p.fn, [&](auto fn) {
    const auto f = [&](T av, T bv) { return static_cast<T>(binary_value<decltype(fn)::value>(static_cast<A>(av), static_cast<A>(bv))); };
    packs::each<V>(
        p.count(),
        [&](int64_t i) {
          Pack<T, V> v = load_vec<Pack<T, V>>(a + i);
          const Pack<T, V> bv = load_vec<Pack<T, V>>(b + i);
          for (int e = 0; e < V; ++e) v.at[e] = f(v.at[e], bv.at[e]);
          store_vec(y + i, v);
        },
        [&](int64_t i) { y[i] = f(a[i], b[i]); });
  });
}

struct SpreadPair {
  SpreadWalk walk;
  SpreadOperand a, b;
};

template <class T>
__global__ void binary_spread_packs(BinaryProblem p, SpreadPair by, const T* a, const T* b, T* y) {
  using A = accumulator_t<T>;
  constexpr int V = pack_elements<T>;
  Place at = by.walk.place(packs::first_of<V>());
  with_binary_fn(p.fn, [&](auto fn) {
    const auto f = [&](T av, T bv) { return static_cast<T>(binary_value<decltype(fn)::value>(static_cast<A>(av), static_cast<A>(bv))); };
    packs::each<V>(
        p.count(),
        [&](int64_t i) {
          Pack<T, V> v = load_spread(by.a, by.walk, a, i, at);
          const Pack<T, V> bv = load_spread(by.b, by.walk, b, i, at);
          for (int e = 0; e < V; ++e) v.at[e] = f(v.at[e], bv.at[e]);
          store_vec(y + i, v);
          by.walk.step(at);
        },
        [&](int64_t i) { y[i] = f(a[spread_index(p.a_spread, i, p.inner, p.c)], b[spread_index(p.b_spread, i, p.inner, p.c)]); });
  });
}

void run(const BinaryProblem& p, const Binary::Args& args, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int V = pack_elements<T>;
    const T *a = static_cast<const T*>(args.a), *b = static_cast<const T*>(args.b);
    T* y = static_cast<T*>(args.y);
    const LaunchShape shape = packs::shape(p.count(), V);
    if (p.a_spread == Spread::full && p.b_spread == Spread::full) return launch(shape, stream, binary_packs<T>, p, a, b, y);
    const auto operand = [&](Spread s) { return spread_operand(s, p.inner, p.c, V); };
    launch(shape, stream, binary_spread_packs<T>, p,
           SpreadPair{spread_walk(p.inner, p.c, packs::stride(shape, V)), operand(p.a_spread), operand(p.b_spread)}, a, b, y);
  });
}

KERNEL_VARIANT(Binary, packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
