// conv2d_wgrad, rung 4: the same product by tiles of 64 × 64, each thread with 4 × 4 values in registers (kernels/tile/register_product.h).
// Against rung 3 an operand comes from shared memory once for four multiply-adds, and all accesses are of 16 bytes. f32, channels in
// multiples of 4. Bounded by waiting: nothing is multiplied while tiles are filled.
#include "kernels/conv2d/implicit_wgrad.h"

namespace duel {

KERNEL_VARIANT(Conv2dWgrad, register_blocked, 4, implicit_wgrad::supports<float>, implicit_wgrad::scratch_bytes<RegisterTiles<1>>,
               implicit_wgrad::run<RegisterTiles<1>>);

}  // namespace duel
