// dropout, rung 2: 16 bytes a thread and access instead of four elements one by one: a counter's four of f32, two counters' eight of bf16
// (one's, in 8 bytes, where a sample is an odd number of counters). The sample and the counter are found by division once a thread, then
// stepped; the step's number is read once. Needs samples of a multiple of four elements; same bits as rung 1. Bounded by memory, x read
// once and y written once; the coins (20 wide multiplications a counter) come next.
#include "kernels/dropout/dropout.h"
#include "kernels/random/counter_packs.h"
#include "kernels/random/distributions.h"

namespace duel {
namespace {

bool supports(const DropoutProblem& p) { return (p.dtype == DType::f32 || p.dtype == DType::bf16) && p.inner % counter_elements == 0; }

template <class T, int V>
__global__ void dropout_packs(CounterPacks p, BernoulliDraw keep, float scale, const int32_t* step, const T* x, T* y) {
  p.each<V / counter_elements>(static_cast<uint32_t>(*step), [&](int64_t i, auto words) {
    Pack<T, V> v = load_vec<Pack<T, V>>(x + i * V);
    for (int k = 0; k < V / counter_elements; ++k) {
      const DrawnFour d = keep(words(k));
      for (int e = 0; e < counter_elements; ++e) {
        T& value = v.at[k * counter_elements + e];
        value = d.v[e] != 0 ? static_cast<T>(static_cast<float>(value) * scale) : static_cast<T>(0.f);
      }
    }
    store_vec(y + i * V, v);
  });
}

template <class T, int V>
void run_as(const DropoutProblem& p, const Dropout::Args& a, Stream stream) {
  const LaunchShape shape = packs::shape(p.n * p.inner, V);
  launch(shape, stream, dropout_packs<T, V>, counter_packs(p, shape, V), bernoulli_draw(1 - p.p), static_cast<float>(1 / (1 - p.p)),
         static_cast<const int32_t*>(a.step), static_cast<const T*>(a.x), static_cast<T*>(a.y));
}
void run(const DropoutProblem& p, const Dropout::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::f32) run_as<float, 4>(p, a, stream);
  else if (p.inner % 8 == 0) run_as<bf16, 8>(p, a, stream);
  else run_as<bf16, 4>(p, a, stream);
}

KERNEL_VARIANT(Dropout, packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
