// The reference: sample by sample.
#include "augment/draw/draw_op.h"

#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const AugmentProblem& p) { return !why_not_linear(p.recipe); }

void run(const AugmentProblem& p, const DrawAugmentation::Args& a, Scratch, Stream) {
  for (int i = 0; i < p.n; ++i) draw_sample(p, a, i);
}

KERNEL_VARIANT(DrawAugmentation, ref, reference_rank, supports, no_scratch, run);

}  // namespace
}  // namespace duel
