// cb_moment, rung 2: 16 bytes a thread and access, and the elements of a pack share what depends on the term alone. Rung 1 divided four
// times for each element and term of the series; here a term has two reciprocals for the whole pack, and the closed form divides by t
// once. Sums differ from rung 1's in their last bits. Bounded by multiplications near 0, and far from it by memory where orders are low; a
// warp with logits on either side does both.
#include "kernels/cb_moment/functions.h"
#include "kernels/packs.h"

namespace duel {
namespace {

bool supports(const CbMomentProblem& p) { return is_floating(p.dtype); }

// Values near 0, by their power series. Of other t what comes out may be anything.
template <int V, class A>
__device__ void sum_series(const A (&t)[V], int order, A (&y)[V]) {
  const A n = static_cast<A>(order);
  const int terms = cb_series_terms<A>(order);
  A power[V], rising[V], above[V], below[V];  // as in cb_moment_value()
  for (int e = 0; e < V; ++e) power[e] = below[e] = A(1), rising[e] = above[e] = A(1) / (n + 1);
  A over_k = 1;
#pragma unroll 1
  for (int k = 1; k < terms; ++k) {
    const A i = static_cast<A>(k), over_next = A(1) / (i + 1), over_rank = A(1) / (n + 1 + i);
    for (int e = 0; e < V; ++e) {
      const A size = math::abs(t[e]);
      power[e] = power[e] * (size * over_k);
      rising[e] = rising[e] * (size * over_rank);
      above[e] = above[e] + (t[e] > A(0) ? power[e] * over_rank : rising[e]);
      below[e] = below[e] + power[e] * over_next;
    }
    over_k = over_next;
  }
  for (int e = 0; e < V; ++e) {
    const A positive = t[e] > A(0) ? t[e] : A(0);
    y[e] = order == 0 ? positive - math::abs(t[e]) + math::log(below[e]) : above[e] / below[e];
  }
}

// Values far from 0, in closed form; of other t likewise.
template <int V, class A>
__device__ void integrate_by_parts(const A (&t)[V], int order, A (&y)[V]) {
  A edge[V], over_t[V];
  for (int e = 0; e < V; ++e) {
    const A size = math::abs(t[e]), tail = math::exp(-size);
    if (order == 0) {
      y[e] = (t[e] > A(0) ? t[e] : A(0)) + math::log((A(1) - tail) / size);
    } else {
      edge[e] = (t[e] > A(0) ? A(1) : -tail) / (A(1) - tail), over_t[e] = A(1) / t[e];
      y[e] = A(1);
    }
  }
#pragma unroll 1
  for (int k = 1; k <= order; ++k)
    for (int e = 0; e < V; ++e) y[e] = edge[e] - static_cast<A>(k) * over_t[e] * y[e];
}

template <int V, class A>
__device__ void moments(A (&t)[V], int order) {
  bool is_far[V], any_far = false, any_near = false;
  for (int e = 0; e < V; ++e) {
    is_far[e] = is_far_from_zero(t[e], order);
    any_far = any_far || is_far[e], any_near = any_near || !is_far[e];
  }
  A near[V] = {}, far[V] = {};
  if (any_near) sum_series(t, order, near);
  if (any_far) integrate_by_parts(t, order, far);
  for (int e = 0; e < V; ++e) t[e] = is_far[e] ? far[e] : near[e];
}

template <class T>
__global__ void cb_moment_packs(CbMomentProblem p, const T* t, T* y) {
  using A = accumulator_t<T>;
  constexpr int V = pack_elements<T>;
  packs::each<V>(
      p.n,
      [&](int64_t i) {
        Pack<T, V> v = load_vec<Pack<T, V>>(t + i);
        A values[V];
        for (int e = 0; e < V; ++e) values[e] = static_cast<A>(v.at[e]);
        moments(values, p.order);
        for (int e = 0; e < V; ++e) v.at[e] = static_cast<T>(values[e]);
        store_vec(y + i, v);
      },
      [&](int64_t i) {
        A value[] = {static_cast<A>(t[i])};
        moments(value, p.order);
        y[i] = static_cast<T>(value[0]);
      });
}

void run(const CbMomentProblem& p, const CbMoment::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch(packs::shape(p.n, pack_elements<T>), stream, cb_moment_packs<T>, p, static_cast<const T*>(a.t), static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(CbMoment, packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
