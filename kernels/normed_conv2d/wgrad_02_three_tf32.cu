#include "kernels/normed_conv2d/implicit.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dWgrad, three_tf32, 2, normed::supports_wgrad<TensorTiles<float>>, normed::wgrad_scratch<TensorTiles<float>>,
               normed::run_wgrad<TensorTiles<float>>);

}  // namespace duel
