// conv2d_dgrad (= transposed convolution), rung 5: u·v convolutions of stride 1, each an implicit matrix product in bf16 on tensor cores
// (implicit_dgrad.h). Channels in multiples of 8. Bounded by the rate of mma.sync.
#include "kernels/conv2d/implicit_dgrad.h"

namespace duel {

KERNEL_VARIANT(Conv2dDgrad, phases, 5, implicit_dgrad::supports<bf16>, no_scratch, implicit_dgrad::run<TensorTiles<bf16>>);

}  // namespace duel
