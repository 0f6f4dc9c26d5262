#include "kernels/normed_conv2d/implicit_grads.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dGrads, three_tf32, 2, normed::supports_grads<TensorTiles<float>>, normed::grads_scratch<TensorTiles<float>>,
               normed::run_grads<TensorTiles<float>>);

}  // namespace duel
