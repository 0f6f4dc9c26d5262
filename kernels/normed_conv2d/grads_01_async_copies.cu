// normed_conv2d_grads in f32, on the ordinary units: both gradients of a convolution in one launch, as conv2d_grads has them; wgrad's x is
// normalised as it comes, and where there is no norm gx passes the activation's derivative as it goes (activation_on_store.h). Channels in
// multiples of 4. Bounded as the two by themselves.
#include "kernels/normed_conv2d/implicit_grads.h"

namespace duel {

KERNEL_VARIANT(NormedConv2dGrads, async_copies, 1, normed::supports_grads<RegisterTiles<3>>, normed::grads_scratch<RegisterTiles<3>>,
               normed::run_grads<RegisterTiles<3>>);

}  // namespace duel
