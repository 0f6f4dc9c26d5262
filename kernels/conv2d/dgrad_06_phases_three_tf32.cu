// conv2d_dgrad, rung 6: the same in f32, each operand split in two tf32 numbers and each product three matrix instructions
// (kernels/tile/fragments.h). Channels in multiples of 4. Bounded by a third of mma.sync's rate in tf32.
#include "kernels/conv2d/implicit_dgrad.h"

namespace duel {

KERNEL_VARIANT(Conv2dDgrad, phases_three_tf32, 6, implicit_dgrad::supports<float>, no_scratch, implicit_dgrad::run<TensorTiles<float>>);

}  // namespace duel
