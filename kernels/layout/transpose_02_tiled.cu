// transpose, rung 2: a tile goes through shared memory, so that reads of x and writes of y are both contiguous; rung 1 fetched a sector for
// each element. Bounded by shared memory: a warp reads a column of the tile, whose 32 elements of 4 bytes lie in one bank.
#include "kernels/layout/transpose_tile.h"

namespace duel {
namespace {

bool supports(const TransposeProblem&) { return true; }

KERNEL_VARIANT(Transpose, tiled, 2, supports, no_scratch, run_transpose_tiles<tile_side>);

}  // namespace
}  // namespace duel
