#include "kernels/normed_conv2d/implicit_grads.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dGrads, async_copies, 1, normed::supports_grads<RegisterTiles<3>>, normed::grads_scratch<RegisterTiles<3>>,
               normed::run_grads<RegisterTiles<3>>);

}  // namespace duel
