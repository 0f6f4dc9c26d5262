// normed_conv2d_dgrad_grads in bf16 on tensor cores: both gradients of a transposed convolution in one launch, as conv2d_dgrad_grads has
// them; wgrad's gy is normalised as it comes, and where there is no norm ggy passes the activation's derivative as it goes
// (activation_on_store.h). Channels in multiples of 8. Bounded by loads of the norm's parameters, eight requests a chunk
// (fwd_01_tensor_cores.cu), where there is a norm; else by the rate of mma.sync.
#include "kernels/normed_conv2d/implicit_grads.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dDgradGrads, tensor_cores, 1, normed::supports_grads<TensorTiles<bf16>>,
               normed::dgrad_grads_scratch<TensorTiles<bf16>>, normed::run_dgrad_grads<TensorTiles<bf16>>);

}  // namespace duel
