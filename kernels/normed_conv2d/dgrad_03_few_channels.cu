// normed_conv2d_dgrad with few channels of gx, a net's last layer: kernels/conv2d/few_channels_dgrad.h with a norm on gy as it comes, and
// bias and activation on gx as it goes. No statistics: no batch norm stands behind such a layer. Bounded by the f32 units and shared
// memory, as that is. Where there is a norm or an activation on gy, k must come in whole chunks.
#include "kernels/conv2d/few_channels_dgrad.h"
#include "kernels/normed_conv2d/activation_behind.h"
#include "kernels/normed_conv2d/norm_on_load.h"

namespace duel {
namespace {

bool supports(const NormedConv2dProblem& p) {
  return (loads_as_is(p) || takes_whole_chunks(p.conv)) && !p.statistics && bn_supports_act(p.act) && supports_behind(p) &&
         few_dgrad::supports(p.conv);
}

void run(const NormedConv2dProblem& p, const NormedConv2dDgrad::Args& a, Scratch, Stream stream) {
  with_element(p.conv.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const BiasActivationBehind<T> behind(p, a.bias);
    if (loads_as_is(p)) few_dgrad::start<T>(p.conv, {a.gy, a.w, a.gx}, stream, AsLoaded{}, behind);
    else few_dgrad::start<T>(p.conv, {a.gy, a.w, a.gx}, stream, NormOnLoad(p, p.conv.k, a), behind);
  });
}

KERNEL_VARIANT(NormedConv2dDgrad, few_channels, 3, supports, no_scratch, run);

}  // namespace
}  // namespace duel
