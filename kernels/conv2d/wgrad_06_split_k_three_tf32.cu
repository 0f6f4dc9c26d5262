// conv2d_wgrad, rung 6: the same in f32, each operand split in two tf32 numbers and each product three matrix instructions
// (kernels/tile/fragments.h). Channels in multiples of 4. Bounded by a third of mma.sync's rate in tf32.
#include "kernels/conv2d/implicit_wgrad.h"

namespace duel {

KERNEL_VARIANT(Conv2dWgrad, split_k_three_tf32, 6, implicit_wgrad::supports<float>, implicit_wgrad::scratch_bytes<TensorTiles<float>>,
               implicit_wgrad::run<TensorTiles<float>>);

}  // namespace duel
