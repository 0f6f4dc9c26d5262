// normed_conv2d_wgrad in f32, on the ordinary units: conv2d_wgrad's async_copies (kernels/conv2d/implicit_wgrad.h) with a norm on one of
// its operands as it comes (norm_on_load.h). Channels in multiples of 4. Bounded by shared memory, as that is.
#include "kernels/normed_conv2d/implicit.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dWgrad, async_copies, 1, normed::supports_wgrad<RegisterTiles<3>>, normed::wgrad_scratch<RegisterTiles<3>>,
               normed::run_wgrad<RegisterTiles<3>>);

}  // namespace duel
