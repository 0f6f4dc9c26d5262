// normed_conv2d_dgrad_grads, the same on tensor cores: each operand split in two tf32 numbers and each product three matrix instructions.
// Channels in multiples of 4. Bounded by a third of mma.sync's rate in tf32.
#include "kernels/normed_conv2d/implicit_grads.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dDgradGrads, three_tf32, 2, normed::supports_grads<TensorTiles<float>>,
               normed::dgrad_grads_scratch<TensorTiles<float>>, normed::run_dgrad_grads<TensorTiles<float>>);

}  // namespace duel
