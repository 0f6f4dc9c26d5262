// The reference: in f64, rounded to the element type at the end.
#include "kernels/cb_moment/functions.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const CbMomentProblem& p) { return is_floating(p.dtype); }

void run(const CbMomentProblem& p, const CbMoment::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < p.n; ++i)
      static_cast<T*>(a.y)[i] = static_cast<T>(cb_moment_value(static_cast<double>(static_cast<const T*>(a.t)[i]), p.order));
  });
}

KERNEL_VARIANT(CbMoment, ref, reference_rank, supports, no_scratch, run);

}  // namespace
}  // namespace duel
