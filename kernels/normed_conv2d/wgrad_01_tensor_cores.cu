// normed_conv2d_wgrad in bf16 on tensor cores: conv2d_wgrad's split_k (kernels/conv2d/implicit_wgrad.h) with a norm on one of its operands
// as it comes (norm_on_load.h). Channels in multiples of 8. Bounded by loads of the norm's parameters, eight requests a chunk
// (fwd_01_tensor_cores.cu).
#include "kernels/normed_conv2d/implicit.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dWgrad, tensor_cores, 1, normed::supports_wgrad<TensorTiles<bf16>>, normed::wgrad_scratch<TensorTiles<bf16>>,
               normed::run_wgrad<TensorTiles<bf16>>);

}  // namespace duel
