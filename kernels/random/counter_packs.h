// Philox counters by packs of elements: a thread finds its sample and its counter by division once, and goes from pack to pack by
// additions.
#pragma once
#include "kernels/packs.h"
#include "kernels/random/philox.h"

namespace duel {

constexpr int counter_elements = 4;

struct CounterPacks {
  int64_t all, a_sample;          // packs
  int64_t by_samples, by_inside;  // from one pack of a thread to its next
  int64_t first;
  uint64_t seed;
  uint32_t stream;

  // f(i, words) for each of the thread's packs of `counters` counters, where words(k) are the words of its k-th.
  template <int counters, class F>
  __device__ void each(uint32_t step, F&& f) const {
    const int64_t begin = packs::first_of<1>();
    int64_t sample = begin / a_sample, inside = begin % a_sample;
    for (int64_t i = begin; i < all; i += int64_t{gridDim.x} * packs::threads) {
      f(i, [&](int k) {
        return philox_words(seed, stream, step, static_cast<uint64_t>(first + sample), static_cast<uint64_t>(inside * counters + k));
      });
      sample += by_samples, inside += by_inside;
      if (inside >= a_sample) inside -= a_sample, ++sample;
    }
  }
};

// P has n samples of `inner` elements, a multiple of `elements`, which are those of a pack.
template <class P>
CounterPacks counter_packs(const P& p, const LaunchShape& shape, int elements) {
  const int64_t a_sample = p.inner / elements, by = packs::stride(shape, 1);
  return {p.n * a_sample, a_sample, by / a_sample, by % a_sample, p.first, static_cast<uint64_t>(p.seed), static_cast<uint32_t>(p.stream)};
}

}  // namespace duel
