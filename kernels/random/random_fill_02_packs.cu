// random_fill, rung 2: a counter's four elements leave in one access, 16 bytes of f32 or 8 of bf16, so that a warp writes whole sectors one
// after the other. The sample and the counter are found by division once a thread, then stepped; the step's number is read once. Needs
// samples of a multiple of four elements; same bits as rung 1. Bounded by integer multiplication for uniform, by the polynomials for
// normal.
#include "kernels/random/counter_packs.h"
#include "kernels/random/distributions.h"

namespace duel {
namespace {

bool supports(const RandomProblem& p) { return (p.dtype == DType::f32 || p.dtype == DType::bf16) && p.inner % counter_elements == 0; }

template <class T, class D>
__global__ void fill_packs(CounterPacks p, D draw, const int32_t* step, T* y) {
  p.each<1>(static_cast<uint32_t>(*step), [&](int64_t i, auto words) {
    const DrawnFour d = draw(words(0));
    Pack<T, counter_elements> v;
    for (int e = 0; e < counter_elements; ++e) v.at[e] = static_cast<T>(d.v[e]);
    store_vec(y + i * counter_elements, v);
  });
}

template <class T>
void run_as(const RandomProblem& p, const RandomFill::Args& a, Stream stream) {
  const LaunchShape shape = packs::shape(p.n * p.inner, counter_elements);
  with_draw(p, [&](auto draw) {
    launch(shape, stream, fill_packs<T, decltype(draw)>, counter_packs(p, shape, counter_elements), draw,
           static_cast<const int32_t*>(a.step), static_cast<T*>(a.y));
  });
}
void run(const RandomProblem& p, const RandomFill::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(RandomFill, packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
