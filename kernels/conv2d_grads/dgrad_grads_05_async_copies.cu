// conv2d_dgrad_grads, rung 5 in f32: fwd and wgrad of rungs 5 in one launch, in registers, and the parts of the weights' gradient added up
// there (implicit_grads.h). Channels in multiples of 4. Bounded as they are: by the rate of the f32 units in tiles of 128, by shared memory
// in tiles of 64.
#include "kernels/conv2d_grads/implicit_grads.h"

namespace duel {

KERNEL_VARIANT(Conv2dDgradGrads, async_copies, 5, implicit_grads::supports<float>, implicit_grads::dgrad_grads_scratch<RegisterTiles<3>>,
               implicit_grads::run_dgrad_grads<RegisterTiles<3>>);

}  // namespace duel
