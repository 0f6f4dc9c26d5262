// The reference: every element looks up its own words.
#include "kernels/random/distributions.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const RandomProblem& p) { return is_floating(p.dtype); }

void run(const RandomProblem& p, const RandomFill::Args& a, Scratch, Stream) {
  const uint32_t step = static_cast<uint32_t>(*static_cast<const int32_t*>(a.step));
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = static_cast<T*>(a.y);
    with_draw(p, [&](auto draw) {
      for (int64_t i = 0; i < p.n; ++i)
        for (int64_t e = 0; e < p.inner; ++e) {
          const PhiloxWords words = philox_words(static_cast<uint64_t>(p.seed), static_cast<uint32_t>(p.stream), step,
                                                 static_cast<uint64_t>(p.first + i), static_cast<uint64_t>(e / 4));
          y[i * p.inner + e] = static_cast<T>(draw(words).v[e % 4]);
        }
    });
  });
}

KERNEL_VARIANT(RandomFill, ref, reference_rank, supports, no_scratch, run);

}  // namespace
}  // namespace duel
