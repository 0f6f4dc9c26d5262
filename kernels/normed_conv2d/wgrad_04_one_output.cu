// normed_conv2d_wgrad of D's last layer: the pair's kernel (one_output_grads.h) that makes no gx, a block through all images. Bounded by
// memory, and with few values in the window by how few blocks that makes.
#include "kernels/normed_conv2d/one_output_grads.h"

namespace duel {
namespace {

void run(const NormedConv2dProblem& p, const NormedConv2dWgrad::Args& a, Scratch scratch, Stream stream) {
  one_output::launch_grads(p, a, nullptr, nullptr, nullptr, one_output::one_part(p.conv), scratch, stream);
}

KERNEL_VARIANT(NormedConv2dWgrad, one_output, 4, one_output::supports_grads, no_scratch, run);

}  // namespace
}  // namespace duel
