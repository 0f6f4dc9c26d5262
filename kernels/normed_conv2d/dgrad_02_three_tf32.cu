#include "kernels/normed_conv2d/implicit.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dDgrad, three_tf32, 2, normed::supports_dgrad<TensorTiles<float>>, normed::dgrad_scratch<TensorTiles<float>>,
               normed::run_dgrad<TensorTiles<float>>);

}  // namespace duel
