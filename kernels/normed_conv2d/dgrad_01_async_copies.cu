// normed_conv2d_dgrad, a transposed convolution's forward, in f32 on the ordinary units: conv2d_dgrad's phases_async_copies
// (kernels/conv2d/implicit_dgrad.h). Against it, each thread works on what it has copied before the block multiplies it (norm_on_load.h),
// and a tile is looked at once it is stored (statistics.h). Channels in multiples of 4. Bounded by the rate of the f32 units, by design.
#include "kernels/normed_conv2d/implicit.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dDgrad, async_copies, 1, normed::supports_dgrad<RegisterTiles<3>>, normed::dgrad_scratch<RegisterTiles<3>>,
               normed::run_dgrad<RegisterTiles<3>>);

}  // namespace duel
