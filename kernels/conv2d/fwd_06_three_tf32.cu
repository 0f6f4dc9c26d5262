// conv2d_fwd, rung 6: f32 on tensor cores. Against rung 5 each operand is split in two tf32 numbers, and each product takes three matrix
// instructions (kernels/tile/fragments.h): f32's accuracy. Channels in multiples of 4. Bounded by a third of mma.sync's rate in tf32.
#include "kernels/conv2d/implicit_fwd.h"

namespace duel {

KERNEL_VARIANT(Conv2dFwd, three_tf32, 6, implicit_fwd::supports<float>, no_scratch, implicit_fwd::run<TensorTiles<float>>);

}  // namespace duel
