// conv2d_wgrad, rung 6 in tf32: of the three products that stand for one of f32, the one that is left where f32's accuracy is not wanted
// (kernels/tile/fragments.h). Only where it is asked for. Channels in multiples of 4. Bounded by mma.sync's rate in tf32.
#include "kernels/conv2d/implicit_wgrad.h"
#include "kernels/rounding.h"

namespace duel {

KERNEL_VARIANT(Conv2dWgrad, split_k_tf32, asked_rank, implicit_wgrad::supports<float>, implicit_wgrad::scratch_bytes<TensorTiles<tf32>>,
               implicit_wgrad::run<TensorTiles<tf32>>);
MULTIPLIES_IN_TF32(Conv2dWgrad, split_k_tf32);

}  // namespace duel
