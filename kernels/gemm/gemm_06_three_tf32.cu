// gemm, rung 6: f32 on tensor cores. Against rung 5 each operand is split in two tf32 numbers, and each product takes three matrix
// instructions (kernels/tile/fragments.h): f32's accuracy, without f32's units. Contiguous sides must be multiples of 4. Bounded by a third
// of mma.sync's rate in tf32.
#include "kernels/gemm/tiled_gemm.h"

namespace duel {

KERNEL_VARIANT(Gemm, three_tf32, 6, tiled_gemm::supports<float>, no_scratch, tiled_gemm::run<TensorTiles<float>>);

}  // namespace duel
