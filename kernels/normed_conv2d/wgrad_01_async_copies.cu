#include "kernels/normed_conv2d/implicit.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dWgrad, async_copies, 1, normed::supports_wgrad<RegisterTiles<3>>, normed::wgrad_scratch<RegisterTiles<3>>,
               normed::run_wgrad<RegisterTiles<3>>);

}  // namespace duel
