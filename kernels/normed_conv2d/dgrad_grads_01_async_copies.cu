#include "kernels/normed_conv2d/implicit_grads.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dDgradGrads, async_copies, 1, normed::supports_grads<RegisterTiles<3>>,
               normed::dgrad_grads_scratch<RegisterTiles<3>>, normed::run_dgrad_grads<RegisterTiles<3>>);

}  // namespace duel
