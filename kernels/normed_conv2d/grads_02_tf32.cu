// normed_conv2d_grads in tf32: of the three products that stand for one of f32, the one that is left where f32's accuracy is not wanted
// (kernels/tile/fragments.h). Only where it is asked for. Channels in multiples of 4. Bounded by mma.sync's rate in tf32.
#include "kernels/normed_conv2d/implicit_grads.h"
#include "kernels/rounding.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dGrads, tf32, asked_rank, normed::supports_grads<TensorTiles<tf32>>, normed::grads_scratch<TensorTiles<tf32>>,
               normed::run_grads<TensorTiles<tf32>>);
MULTIPLIES_IN_TF32(NormedConv2dGrads, tf32);

}  // namespace duel
