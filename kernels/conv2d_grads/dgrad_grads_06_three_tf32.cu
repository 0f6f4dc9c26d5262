// conv2d_dgrad_grads, rung 6: the same in f32, each operand split in two tf32 numbers and each product three matrix instructions
// (kernels/tile/fragments.h). Channels in multiples of 4. Bounded by a third of mma.sync's rate in tf32.
#include "kernels/conv2d_grads/implicit_grads.h"

namespace duel {

KERNEL_VARIANT(Conv2dDgradGrads, three_tf32, 6, implicit_grads::supports<float>, implicit_grads::dgrad_grads_scratch<TensorTiles<float>>,
               implicit_grads::run_dgrad_grads<TensorTiles<float>>);

}  // namespace duel
