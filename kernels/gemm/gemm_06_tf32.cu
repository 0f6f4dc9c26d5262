// gemm, rung 6 in tf32: of the three products that stand for one of f32, the one that is left where f32's accuracy is not wanted
// (kernels/tile/fragments.h). Only where it is asked for. Contiguous sides in multiples of 4. Bounded by mma.sync's rate in tf32.
#include "kernels/gemm/tiled_gemm.h"
#include "kernels/rounding.h"

namespace duel {

KERNEL_VARIANT(Gemm, tf32, asked_rank, tiled_gemm::supports<float>, no_scratch, tiled_gemm::run<TensorTiles<tf32>>);
MULTIPLIES_IN_TF32(Gemm, tf32);

}  // namespace duel
