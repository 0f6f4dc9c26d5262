#include "kernels/normed_conv2d/implicit.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dFwd, three_tf32, 2, normed::supports_fwd<TensorTiles<float>>, normed::fwd_scratch<TensorTiles<float>>,
               normed::run_fwd<TensorTiles<float>>);

}  // namespace duel
