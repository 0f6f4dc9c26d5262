// conv2d_wgrad, rung 5 in f32: rung 4 with three pairs of tiles, so that the copies of the next two steps are on their way while one is
// multiplied (kernels/tile/pipeline.h). Bounded by shared memory: a load of 16 bytes for eight multiply-adds.
#include "kernels/conv2d/implicit_wgrad.h"

namespace duel {

KERNEL_VARIANT(Conv2dWgrad, async_copies, 5, implicit_wgrad::supports<float>, implicit_wgrad::scratch_bytes<RegisterTiles<3>>,
               implicit_wgrad::run<RegisterTiles<3>>);

}  // namespace duel
