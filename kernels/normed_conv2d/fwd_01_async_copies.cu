#include "kernels/normed_conv2d/implicit.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dFwd, async_copies, 1, normed::supports_fwd<RegisterTiles<3>>, normed::fwd_scratch<RegisterTiles<3>>,
               normed::run_fwd<RegisterTiles<3>>);

}  // namespace duel
