// random_fill, rung 2: a counter's four elements leave in one access, 16 bytes of f32 or 8 of bf16, so that a warp writes whole sectors one
// after the other. The sample and the counter are found by division once a thread, then stepped; the step's number is read once. Needs
// samples of a multiple of four elements; same bits as rung 1. Bounded by integer multiplication for uniform, by the polynomials for
// normal.
#include "kernels/packs.h"
#include "kernels/random/distributions.h"

namespace duel {
namespace {

constexpr int a_counter = 4;  // elements

bool supports(const RandomProblem& p) { return (p.dtype == DType::f32 || p.dtype == DType::bf16) && p.inner % a_counter == 0; }

struct Counters {
  int64_t all, a_sample;          // counters
  int64_t by_samples, by_inside;  // from one counter of a thread to its next
  int64_t first;
  uint64_t seed;
  uint32_t stream;
};

template <class T, class D>
__global__ void fill_packs(Counters p, D draw, const int32_t* step, T* y) {
  const uint32_t now = static_cast<uint32_t>(*step);
  const int64_t begin = packs::first_of<1>();
  int64_t sample = begin / p.a_sample, inside = begin % p.a_sample;
  for (int64_t i = begin; i < p.all; i += int64_t{gridDim.x} * packs::threads) {
    const DrawnFour d = draw(philox_words(p.seed, p.stream, now, static_cast<uint64_t>(p.first + sample), static_cast<uint64_t>(inside)));
    Pack<T, a_counter> v;
    for (int e = 0; e < a_counter; ++e) v.at[e] = static_cast<T>(d.v[e]);
    store_vec(y + i * a_counter, v);
    sample += p.by_samples, inside += p.by_inside;
    if (inside >= p.a_sample) inside -= p.a_sample, ++sample;
  }
}

template <class T>
void run_as(const RandomProblem& p, const RandomFill::Args& a, Stream stream) {
  const int64_t a_sample = p.inner / a_counter;
  const LaunchShape shape = packs::shape(p.n * p.inner, a_counter);
  const int64_t by = packs::stride(shape, 1);
  const Counters counters{
      p.n * a_sample, a_sample, by / a_sample, by % a_sample, p.first, static_cast<uint64_t>(p.seed), static_cast<uint32_t>(p.stream)};
  with_draw(p, [&](auto draw) {
    launch(shape, stream, fill_packs<T, decltype(draw)>, counters, draw, static_cast<const int32_t*>(a.step), static_cast<T*>(a.y));
  });
}
void run(const RandomProblem& p, const RandomFill::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(RandomFill, packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
