// conv2d_fwd, rung 4: the same product by tiles of 64 or 128 a side, each thread with 4 × 4 or 8 × 8 values in registers
// (kernels/tile/register_product.h). Against rung 3 an operand comes from shared memory once for four or eight multiply-adds, and all
// accesses are of 16 bytes. f32, channels in multiples of 4. Bounded by waiting: nothing is multiplied while tiles are filled.
#include "kernels/conv2d/implicit_fwd.h"

namespace duel {

KERNEL_VARIANT(Conv2dFwd, register_blocked, 4, implicit_fwd::supports<float>, no_scratch, implicit_fwd::run<RegisterTiles<1>>);

}  // namespace duel
