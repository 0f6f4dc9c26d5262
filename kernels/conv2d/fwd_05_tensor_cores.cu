// conv2d_fwd, rung 5: an implicit matrix product in bf16 on tensor cores (implicit_fwd.h). Channels in multiples of 8; first layers, of few
// channels, belong to another row. Bounded by the rate of mma.sync.
#include "kernels/conv2d/implicit_fwd.h"

namespace duel {

KERNEL_VARIANT(Conv2dFwd, tensor_cores, 5, implicit_fwd::supports<bf16>, no_scratch, implicit_fwd::run<TensorTiles<bf16>>);

}  // namespace duel
