// conv2d_dgrad_grads, rung 6 in tf32: of the three products that stand for one of f32, the one that is left where f32's accuracy is not
// wanted (kernels/tile/fragments.h). Only where it is asked for. Channels in multiples of 4. Bounded by mma.sync's rate in tf32.
#include "kernels/conv2d_grads/implicit_grads.h"
#include "kernels/rounding.h"

namespace duel {

KERNEL_VARIANT(Conv2dDgradGrads, tf32, asked_rank, implicit_grads::supports<float>, implicit_grads::dgrad_grads_scratch<TensorTiles<tf32>>,
               implicit_grads::run_dgrad_grads<TensorTiles<tf32>>);
MULTIPLIES_IN_TF32(Conv2dDgradGrads, tf32);

}  // namespace duel
