// normed_conv2d_fwd in f32, on the ordinary units: conv2d_fwd's async_copies (kernels/conv2d/implicit_fwd.h). Against it, each thread works
// on what it has copied before the block multiplies it (norm_on_load.h), and a tile is looked at once it is stored (statistics.h). Channels
// in multiples of 4. Bounded by the rate of the f32 units, by design.
#include "kernels/normed_conv2d/implicit.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dFwd, async_copies, 1, normed::supports_fwd<RegisterTiles<3>>, normed::fwd_scratch<RegisterTiles<3>>,
               normed::run_fwd<RegisterTiles<3>>);

}  // namespace duel
