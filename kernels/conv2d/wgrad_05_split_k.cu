// conv2d_wgrad, rung 5: an implicit matrix product in bf16 on tensor cores, its long sum split over blocks and added in order
// (implicit_wgrad.h); f32 out. Channels in multiples of 8. Bounded by the rate of mma.sync.
#include "kernels/conv2d/implicit_wgrad.h"

namespace duel {

KERNEL_VARIANT(Conv2dWgrad, split_k, 5, implicit_wgrad::supports<bf16>, implicit_wgrad::scratch_bytes<TensorTiles<bf16>>,
               implicit_wgrad::run<TensorTiles<bf16>>);

}  // namespace duel
