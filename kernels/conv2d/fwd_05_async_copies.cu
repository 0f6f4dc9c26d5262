// conv2d_fwd, rung 5 in f32: rung 4 with three pairs of tiles, so that the copies of the next two steps are on their way while one is
// multiplied (kernels/tile/pipeline.h). Bounded by the rate of the f32 units, by design.
#include "kernels/conv2d/implicit_fwd.h"

namespace duel {

KERNEL_VARIANT(Conv2dFwd, async_copies, 5, implicit_fwd::supports<float>, no_scratch, implicit_fwd::run<RegisterTiles<3>>);

}  // namespace duel
