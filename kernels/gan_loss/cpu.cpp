// On the CPU: loops of one thread in float, which has nothing to wait for.
#include "kernels/gan_loss/serial.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const GanLossProblem& p) { return p.dtype == DType::f32; }

void run(const GanLossProblem& p, const GanLoss::Args& a, Scratch, Stream) { gan_loss<float, float>(p, a); }
void run_grad(const GanLossProblem& p, const GanLossGrad::Args& a, Scratch, Stream) { gan_loss_grad<float, float>(p, a); }

KERNEL_VARIANT(GanLoss, serial, 1, supports, no_scratch, run);
KERNEL_VARIANT(GanLossGrad, serial, 1, supports, no_scratch, run_grad);

}  // namespace
}  // namespace duel
