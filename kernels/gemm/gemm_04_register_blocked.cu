// gemm, rung 4: tiles of 64 or 128 a side, each thread with 4 × 4 or 8 × 8 values in registers (kernels/tile/register_product.h). Against
// rung 3 an operand comes from shared memory once for four or eight multiply-adds, and all accesses are of 16 bytes. f32, contiguous sides
// in multiples of 4. Bounded by waiting: nothing is multiplied while tiles are filled.
#include "kernels/gemm/tiled_gemm.h"

namespace duel {

KERNEL_VARIANT(Gemm, register_blocked, 4, tiled_gemm::supports<float>, no_scratch, tiled_gemm::run<RegisterTiles<1>>);

}  // namespace duel
