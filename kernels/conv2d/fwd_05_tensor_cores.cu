// conv2d_fwd, rung 5: an implicit matrix product in bf16 on tensor cores (tensor_fwd.h). Channels in multiples of 8; first layers, of few
// channels, belong to another row. Bounded by the rate of mma.sync.
#include "kernels/conv2d/tensor_fwd.h"

namespace duel {

KERNEL_VARIANT(Conv2dFwd, tensor_cores, 5, tensor_fwd::supports<bf16>, no_scratch, tensor_fwd::run<bf16>);

}  // namespace duel
