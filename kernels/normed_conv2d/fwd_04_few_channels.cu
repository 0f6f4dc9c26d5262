// normed_conv2d_fwd with few channels of x, D's first layer: conv2d_fwd's few_channels (kernels/conv2d/few_channels_fwd.h) with bias and
// activation on y as it goes. Nothing on x, which is an image, and no statistics. none, relu and leaky_relu (bias_on_store.h). Bounded by
// the f32 units and shared memory, which are in balance, and in f32 not far below them by writing y.
#include "kernels/conv2d/few_channels_fwd.h"
#include "kernels/normed_conv2d/activation_behind.h"
#include "kernels/normed_conv2d/norm_on_load.h"

namespace duel {
namespace {

bool supports(const NormedConv2dProblem& p) {
  return loads_as_is(p) && !p.statistics && bn_supports_act(p.then) && supports_behind(p) && few_fwd::supports_row(p.conv, true);
}

void run(const NormedConv2dProblem& p, const NormedConv2dFwd::Args& a, Scratch, Stream stream) {
  with_element(p.conv.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    few_fwd::start<T>(p.conv, {a.x, a.w, a.y}, stream, BiasActivationBehind<T, false>(p, a.bias));
  });
}

KERNEL_VARIANT(NormedConv2dFwd, few_channels, 4, supports, no_scratch, run);

}  // namespace
}  // namespace duel
