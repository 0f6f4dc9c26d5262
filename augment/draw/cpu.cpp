// Sample by sample, in parallel.
#include "augment/draw/draw_op.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const AugmentProblem& p) { return !why_not_linear(p.recipe); }

void run(const AugmentProblem& p, const DrawAugmentation::Args& a, Scratch, Stream) {
  parallel_chunks(p.n, 32, [&](int64_t i, int64_t end, int64_t) {
    for (; i < end; ++i) draw_sample(p, a, i);
  });
}

KERNEL_VARIANT(DrawAugmentation, openmp, 10, supports, no_scratch, run);

}  // namespace
}  // namespace duel
