// The reference: every element looks up its own coin.
#include "kernels/dropout/dropout.h"
#include "kernels/random/distributions.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const DropoutProblem& p) { return is_floating(p.dtype); }

void run(const DropoutProblem& p, const Dropout::Args& a, Scratch, Stream) {
  const uint32_t step = static_cast<uint32_t>(*static_cast<const int32_t*>(a.step));
  const BernoulliDraw keep = bernoulli_draw(1 - p.p);
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < p.n; ++i)
      for (int64_t e = 0; e < p.inner; ++e) {
        const PhiloxWords words = philox_words(static_cast<uint64_t>(p.seed), static_cast<uint32_t>(p.stream), step,
                                               static_cast<uint64_t>(p.first + i), static_cast<uint64_t>(e / 4));
        const double x = static_cast<double>(static_cast<const T*>(a.x)[i * p.inner + e]);
        static_cast<T*>(a.y)[i * p.inner + e] = static_cast<T>(keep(words).v[e % 4] != 0 ? x / (1 - p.p) : 0.0);
      }
  });
}

KERNEL_VARIANT(Dropout, ref, reference_rank, supports, no_scratch, run);

}  // namespace
}  // namespace duel
