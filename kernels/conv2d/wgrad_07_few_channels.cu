// conv2d_wgrad with few input channels, D's first layer and G's last one (few_channels_wgrad.h): a team of threads owns the gradient of up
// to 64 output channels whole. Bounded by the f32 units, with three or four channels; with one or two by shared memory, whose reads are in
// balance with them; in f32 not far above reading gy.
#include "kernels/conv2d/few_channels_wgrad.h"

namespace duel {
namespace {

size_t scratch(const Conv2dProblem& p) { return few_wgrad::scratch_bytes(p, few_wgrad::resident); }

void run(const Conv2dProblem& p, const Conv2dWgrad::Args& a, Scratch scratch, Stream stream) {
  p.dtype == DType::f32 ? few_wgrad::start<float>(p, a, scratch, stream) : few_wgrad::start<bf16>(p, a, scratch, stream);
}

KERNEL_VARIANT(Conv2dWgrad, few_channels, 7, few_wgrad::supports, scratch, run);

}  // namespace
}  // namespace duel
