// conv2d_dgrad_grads, rung 5 in bf16: fwd and wgrad of rungs 5 in one launch, on tensor cores, and the parts of the weights' gradient added
// up there (implicit_grads.h). Channels in multiples of 8. Bounded by the rate of mma.sync.
#include "kernels/conv2d_grads/implicit_grads.h"

namespace duel {

KERNEL_VARIANT(Conv2dDgradGrads, tensor_cores, 5, implicit_grads::supports<bf16>, implicit_grads::dgrad_grads_scratch<TensorTiles<bf16>>,
               implicit_grads::run_dgrad_grads<TensorTiles<bf16>>);

}  // namespace duel
