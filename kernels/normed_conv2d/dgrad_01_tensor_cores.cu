// normed_conv2d_dgrad, a transposed convolution's forward, in bf16 on tensor cores: conv2d_dgrad's phases
// (kernels/conv2d/implicit_dgrad.h). Against it, each thread works on what it has copied before the block multiplies it (norm_on_load.h),
// and a tile is looked at once it is stored (statistics.h). Channels in multiples of 8. Bounded by loads of the norm's parameters, eight
// requests a chunk (fwd_01_tensor_cores.cu).
#include "kernels/normed_conv2d/implicit.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dDgrad, tensor_cores, 1, normed::supports_dgrad<TensorTiles<bf16>>, normed::dgrad_scratch<TensorTiles<bf16>>,
               normed::run_dgrad<TensorTiles<bf16>>);

}  // namespace duel
