// conv2d_dgrad (= transposed convolution), rung 4: the same products by tiles of 64 or 128 a side, each thread with 4 × 4 or 8 × 8 values
// in registers (kernels/tile/register_product.h), all accesses of 16 bytes. f32, channels in multiples of 4. Bounded by waiting: nothing is
// multiplied while tiles are filled.
#include "kernels/conv2d/implicit_dgrad.h"

namespace duel {

KERNEL_VARIANT(Conv2dDgrad, phases_register_blocked, 4, implicit_dgrad::supports<float>, no_scratch, implicit_dgrad::run<RegisterTiles<1>>);

}  // namespace duel
