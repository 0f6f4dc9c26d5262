// conv2d_fwd with few input channels, D's first layer (few_channels_fwd.h): a block owns 256 output pixels and up to 64 output channels, a
// thread 8 × 8 of them. Bounded by the f32 units and shared memory, which are in balance, and in f32 not far below them by writing y.
#include "kernels/conv2d/few_channels_fwd.h"

namespace duel {
namespace {

bool supports(const Conv2dProblem& p) { return few_fwd::supports_row(p); }

void run(const Conv2dProblem& p, const Conv2dFwd::Args& a, Scratch, Stream stream) {
  p.dtype == DType::f32 ? few_fwd::start<float>(p, a, stream) : few_fwd::start<bf16>(p, a, stream);
}

KERNEL_VARIANT(Conv2dFwd, few_channels, 7, supports, no_scratch, run);

}  // namespace
}  // namespace duel
