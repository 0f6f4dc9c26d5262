// conv2d_wgrad, rung 5: an implicit matrix product in bf16 on tensor cores, its long sum split over blocks and added in order
// (tensor_wgrad.h); f32 out. Channels in multiples of 8. Bounded by the rate of mma.sync.
#include "kernels/conv2d/tensor_wgrad.h"

namespace duel {

KERNEL_VARIANT(Conv2dWgrad, split_k, 5, tensor_wgrad::supports<bf16>, tensor_wgrad::scratch_bytes<bf16>, tensor_wgrad::run<bf16>);

}  // namespace duel
