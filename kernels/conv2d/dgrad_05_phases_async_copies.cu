// conv2d_dgrad (= transposed convolution), rung 5 in f32: rung 4 with three pairs of tiles, so that the copies of the next two steps are on
// their way while one is multiplied (kernels/tile/pipeline.h). Bounded by the rate of the f32 units, by design.
#include "kernels/conv2d/implicit_dgrad.h"

namespace duel {

KERNEL_VARIANT(Conv2dDgrad, phases_async_copies, 5, implicit_dgrad::supports<float>, no_scratch, implicit_dgrad::run<RegisterTiles<3>>);

}  // namespace duel
