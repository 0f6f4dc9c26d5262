// transpose, rung 3: one unused element at the end of each row of the tile, so that a column's elements lie in 32 banks; rung 2 read them
// from one. Bounded by device memory: each element is read and written once, in whole sectors where rows and columns are multiples of 8
// words.
#include "kernels/layout/transpose_tile.h"

namespace duel {
namespace {

bool supports(const TransposeProblem&) { return true; }

KERNEL_VARIANT(Transpose, padded, 3, supports, no_scratch, run_transpose_tiles<tile_side + 1>);

}  // namespace
}  // namespace duel
