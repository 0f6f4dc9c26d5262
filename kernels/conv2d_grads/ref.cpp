// The reference: those of the two single ops, one after the other.
#include "kernels/conv2d_grads/conv2d_grads.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const Conv2dProblem& p) { return is_floating(p.dtype); }

template <class Op>
void run_single(const Conv2dProblem& p, const typename Op::Args& args, Stream stream) {
  find_row(Op::name, "ref", Device::cpu)->run(&p, &args, {}, stream);
}

void run_grads(const Conv2dProblem& p, const Conv2dGrads::Args& a, Scratch, Stream stream) {
  run_single<Conv2dDgrad>(p, {a.gy, a.w, a.gx}, stream);
  run_single<Conv2dWgrad>(p, {a.x, a.gy, a.gw}, stream);
}
void run_dgrad_grads(const Conv2dProblem& p, const Conv2dDgradGrads::Args& a, Scratch, Stream stream) {
  run_single<Conv2dFwd>(p, {a.g, a.w, a.ggy}, stream);
  run_single<Conv2dWgrad>(p, {a.g, a.gy, a.gw}, stream);
}

KERNEL_VARIANT(Conv2dGrads, ref, reference_rank, supports, no_scratch, run_grads);
KERNEL_VARIANT(Conv2dDgradGrads, ref, reference_rank, supports, no_scratch, run_dgrad_grads);

}  // namespace
}  // namespace duel
