// conv2d_dgrad (= transposed convolution) with few channels of gx, G's last layer (few_channels_dgrad.h): gx added up from the products of
// each pixel of gy with its whole window. Bounded by the f32 units and shared memory, which are in balance, and in f32 not far below them
// by reading gy.
#include "kernels/conv2d/few_channels_dgrad.h"

namespace duel {
namespace {

void run(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Scratch, Stream stream) {
  p.dtype == DType::f32 ? few_dgrad::start<float>(p, a, stream) : few_dgrad::start<bf16>(p, a, stream);
}

KERNEL_VARIANT(Conv2dDgrad, few_channels, 7, few_dgrad::supports, no_scratch, run);

}  // namespace
}  // namespace duel
