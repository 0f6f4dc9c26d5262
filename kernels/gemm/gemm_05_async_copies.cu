// gemm, rung 5 in f32: rung 4 with three pairs of tiles, so that the copies of the next two steps are on their way while one is multiplied
// (kernels/tile/pipeline.h). Bounded by the rate of the f32 units, by design.
#include "kernels/gemm/tiled_gemm.h"

namespace duel {

KERNEL_VARIANT(Gemm, async_copies, 5, tiled_gemm::supports<float>, no_scratch, tiled_gemm::run<RegisterTiles<3>>);

}  // namespace duel
