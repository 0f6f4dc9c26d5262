// normed_conv2d_fwd in bf16 on tensor cores: conv2d_fwd's tensor_cores (kernels/conv2d/implicit_fwd.h). Against it, each thread works on
// what it has copied before the block multiplies it (norm_on_load.h), and a tile is looked at once it is stored (statistics.h). Channels in
// multiples of 8. Bounded by loads: the four parameters of eight channels are eight requests a chunk, of which the simulated GPU counts
// (16 × 16 × 64, kernel 4, stride 2) 1,920 where mma.sync's operands take 1,024.
#include "kernels/normed_conv2d/implicit.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dFwd, tensor_cores, 1, normed::supports_fwd<TensorTiles<bf16>>, normed::fwd_scratch<TensorTiles<bf16>>,
               normed::run_fwd<TensorTiles<bf16>>);

}  // namespace duel
