// normed_conv2d_wgrad with few channels of x, G's last layer: kernels/conv2d/few_channels_wgrad.h with a norm on gy as it comes. Bounded by
// the f32 units, as that is.
#include "kernels/conv2d/few_channels_wgrad.h"
#include "kernels/normed_conv2d/norm_on_load.h"

namespace duel {
namespace {

bool supports(const NormedConv2dProblem& p) {
  return takes_whole_chunks(p.conv) && p.of == NormedOperand::gy && !p.statistics && bn_supports_act(p.act) && p.then == Act::none &&
         few_wgrad::supports(p.conv);
}
size_t scratch(const NormedConv2dProblem& p) { return few_wgrad::scratch_bytes(p.conv, few_wgrad::resident); }

void run(const NormedConv2dProblem& p, const NormedConv2dWgrad::Args& a, Scratch memory, Stream stream) {
  with_element(p.conv.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    few_wgrad::start<T>(p.conv, {a.x, a.gy, a.gw, a.tickets}, memory, stream, NormOnLoad(p, p.conv.k, a));
  });
}

KERNEL_VARIANT(NormedConv2dWgrad, few_channels, 3, supports, scratch, run);

}  // namespace
}  // namespace duel
