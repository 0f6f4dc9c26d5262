// normed_conv2d_fwd in tf32: of the three products that stand for one of f32, the one that is left where f32's accuracy is not wanted
// (kernels/tile/fragments.h). Only where it is asked for. Channels in multiples of 4. Bounded by mma.sync's rate in tf32.
#include "kernels/normed_conv2d/implicit.h"
#include "kernels/rounding.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dFwd, tf32, asked_rank, normed::supports_fwd<TensorTiles<tf32>>, normed::fwd_scratch<TensorTiles<tf32>>,
               normed::run_fwd<TensorTiles<tf32>>);
MULTIPLIES_IN_TF32(NormedConv2dFwd, tf32);

}  // namespace duel
