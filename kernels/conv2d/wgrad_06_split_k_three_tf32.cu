// conv2d_wgrad, rung 6: the same in f32, each operand split in two tf32 numbers and each product three matrix instructions
// (kernels/tile/fragments.h). Channels in multiples of 4. Bounded by a third of mma.sync's rate in tf32.
#include "kernels/conv2d/tensor_wgrad.h"

namespace duel {

KERNEL_VARIANT(Conv2dWgrad, split_k_three_tf32, 6, tensor_wgrad::supports<float>, tensor_wgrad::scratch_bytes<float>,
               tensor_wgrad::run<float>);

}  // namespace duel
