// gemm, rung 5: bf16 on tensor cores, operands copied to shared memory two steps ahead. Each element of A and B is read once a tile of
// the output, and multiplied by the tile's other side: 64 or 128 products an element, in 16 bytes a request. Contiguous sides must be
// multiples of 8. Bounded by the rate of mma.sync on large problems, by latency on those of few tiles.
#include "kernels/gemm/tiled_gemm.h"

namespace duel {

KERNEL_VARIANT(Gemm, tensor_cores, 5, tiled_gemm::supports<bf16>, no_scratch, tiled_gemm::run<TensorTiles<bf16>>);

}  // namespace duel
