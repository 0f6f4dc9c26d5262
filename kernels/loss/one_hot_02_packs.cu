// one_hot, rung 2: 16 bytes a thread and store instead of one element, and the row found by division once a thread, then stepped. Bounded
// by memory: y written once.
#include "kernels/loss/loss.h"
#include "kernels/pointwise/spread_packs.h"

namespace duel {
namespace {

bool supports(const OneHotProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void one_hot_packs(OneHotProblem p, SpreadWalk walk, const int32_t* labels, T* y) {
  constexpr int V = pack_elements<T>;
  const auto value = [&](int label, int64_t column) {
    return static_cast<T>(label < 0 || label >= p.cols ? NAN : column == label ? 1.f : 0.f);
  };
  Place at = walk.place(packs::first_of<V>());
  packs::each<V>(
      p.count(),
      [&](int64_t i) {
        Pack<T, V> v;
        Place element = at;
        int label = labels[element.sample];
        for (int e = 0; e < V; ++e) {
          if (e > 0 && element.inside == 0) label = labels[element.sample];
          v.at[e] = value(label, element.inside);
          walk.next_element(element);
        }
        store_vec(y + i, v);
        walk.step(at);
      },
      [&](int64_t i) { y[i] = value(labels[i / p.cols], i % p.cols); });
}

void run(const OneHotProblem& p, const OneHot::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const LaunchShape shape = packs::shape(p.count(), pack_elements<T>);
    launch(shape, stream, one_hot_packs<T>, p, spread_walk(p.cols, 1, packs::stride(shape, pack_elements<T>)),
           static_cast<const int32_t*>(a.labels), static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(OneHot, packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
