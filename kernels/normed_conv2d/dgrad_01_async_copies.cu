#include "kernels/normed_conv2d/implicit.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dDgrad, async_copies, 1, normed::supports_dgrad<RegisterTiles<3>>, normed::dgrad_scratch<RegisterTiles<3>>,
               normed::run_dgrad<RegisterTiles<3>>);

}  // namespace duel
