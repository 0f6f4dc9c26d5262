// conv2d_grads, rung 5 in bf16: dgrad and wgrad of rungs 5 in one launch, on tensor cores, and the parts of the weights' gradient added up
// there (implicit_grads.h). Channels in multiples of 8. Bounded by the rate of mma.sync.
#include "kernels/conv2d_grads/implicit_grads.h"

namespace duel {

KERNEL_VARIANT(Conv2dGrads, tensor_cores, 5, implicit_grads::supports<bf16>, implicit_grads::grads_scratch<TensorTiles<bf16>>,
               implicit_grads::run_grads<TensorTiles<bf16>>);

}  // namespace duel
