// The reference: in double.
#include "kernels/gan_loss/serial.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const GanLossProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::f64; }

void run(const GanLossProblem& p, const GanLoss::Args& a, Scratch, Stream) {
  if (p.dtype == DType::f64) gan_loss<double, double>(p, a);
  else gan_loss<float, double>(p, a);
}
void run_grad(const GanLossProblem& p, const GanLossGrad::Args& a, Scratch, Stream) {
  if (p.dtype == DType::f64) gan_loss_grad<double, double>(p, a);
  else gan_loss_grad<float, double>(p, a);
}

KERNEL_VARIANT(GanLoss, ref, reference_rank, supports, no_scratch, run);
KERNEL_VARIANT(GanLossGrad, ref, reference_rank, supports, no_scratch, run_grad);

}  // namespace
}  // namespace duel
