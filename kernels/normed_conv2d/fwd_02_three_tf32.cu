// normed_conv2d_fwd, the same on tensor cores: each operand split in two tf32 numbers and each product three matrix instructions. Channels
// in multiples of 4. Bounded by a third of mma.sync's rate in tf32.
#include "kernels/normed_conv2d/implicit.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dFwd, three_tf32, 2, normed::supports_fwd<TensorTiles<float>>, normed::fwd_scratch<TensorTiles<float>>,
               normed::run_fwd<TensorTiles<float>>);

}  // namespace duel
