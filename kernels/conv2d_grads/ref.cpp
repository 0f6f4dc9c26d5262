// The reference: those of the two single ops, one after the other.
#include "kernels/conv2d_grads/conv2d_grads.h"
#include "kernels/reference.h"

namespace duel {
namespace {

bool supports(const Conv2dProblem& p) { return is_floating(p.dtype); }

void run_grads(const Conv2dProblem& p, const Conv2dGrads::Args& a, Scratch, Stream) {
  run_reference<Conv2dDgrad>(p, {a.gy, a.w, a.gx});
  run_reference<Conv2dWgrad>(p, {a.x, a.gy, a.gw});
}
void run_dgrad_grads(const Conv2dProblem& p, const Conv2dDgradGrads::Args& a, Scratch, Stream) {
  run_reference<Conv2dFwd>(p, {a.g, a.w, a.ggy});
  run_reference<Conv2dWgrad>(p, {a.g, a.gy, a.gw});
}

KERNEL_VARIANT(Conv2dGrads, ref, reference_rank, supports, no_scratch, run_grads);
KERNEL_VARIANT(Conv2dDgradGrads, ref, reference_rank, supports, no_scratch, run_dgrad_grads);

}  // namespace
}  // namespace duel
