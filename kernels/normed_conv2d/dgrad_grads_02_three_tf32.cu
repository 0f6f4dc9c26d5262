#include "kernels/normed_conv2d/implicit_grads.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dDgradGrads, three_tf32, 2, normed::supports_grads<TensorTiles<float>>,
               normed::dgrad_grads_scratch<TensorTiles<float>>, normed::run_dgrad_grads<TensorTiles<float>>);

}  // namespace duel
