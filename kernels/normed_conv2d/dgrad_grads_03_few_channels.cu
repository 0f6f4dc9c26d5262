// normed_conv2d_dgrad_grads with few channels of g, backward of G's last layer: some blocks convolve g (kernels/conv2d/few_channels_fwd.h),
// the others make the weight gradient (few_channels_wgrad.h) with a norm on gy as it comes. Both take g through the derivative of the
// activation behind as they stage it, so that product is never stored, and read g at about the same time.
//
// As many blocks of each kind, for as many products; all are resident at once where a multiprocessor's shared memory holds three of them.
// Bounded by the f32 units and shared memory, as both are.
#include "kernels/conv2d/few_channels_fwd.h"
#include "kernels/conv2d/few_channels_wgrad.h"
#include "kernels/normed_conv2d/activation_behind.h"
#include "kernels/normed_conv2d/norm_on_load.h"

namespace duel {
namespace {

using namespace few_tiles;

constexpr int threads = few_wgrad::threads;
constexpr int resident = 198;  // blocks of each kind: three a multiprocessor in all, where its shared memory has room
static_assert(resident <= few_wgrad::resident && conv2d_tickets <= most_tickets);

// The gradient goes on to batch norm: without one it would have to be taken through the activation.
bool supports(const NormedConv2dProblem& p) {
  return takes_whole_chunks(p.conv) && !p.statistics && !p.input_only && bn_supports_act(p.act) && (p.norm || p.act == Act::none) &&
         supports_then(p) && few_fwd::supports(p.conv, threads) && few_wgrad::supports(p.conv);
}
size_t scratch(const NormedConv2dProblem& p) { return few_wgrad::scratch_bytes(p.conv, resident); }

template <class Fwd, class Wgrad>
__global__ void __launch_bounds__(threads, 3)
    dgrad_grads_few_channels(const __grid_constant__ Fwd fwd, const __grid_constant__ Wgrad wgrad, int of_wgrad) {
  float* const memory = shared_storage<Words>().at;
  const int block = static_cast<int>(blockIdx.x);
  if (block < of_wgrad) wgrad(memory, block);
  else fwd(memory, block - of_wgrad);
}

template <class T>
void start(const NormedConv2dProblem& p, const NormedConv2dDgradGrads::Args& a, Scratch memory, Stream stream) {
  const Conv2dProblem& d = p.conv;
  const few_fwd::Layout layout(d, threads);
  const GradientThrough<T> g{p.then, static_cast<const T*>(a.g), static_cast<const T*>(a.gx)};
  with_channels(d.c, [&](auto c) {
    using Fwd = few_fwd::Job<T, c, GradientThrough<T>>;
    using Wgrad = few_wgrad::Job<T, c, GradientThrough<T>, NormOnLoad>;
    const Fwd fwd(d, layout, std::max(1, resident / layout.channel_blocks), g, a.w, a.ggy);
    const Wgrad wgrad(d, resident, g, a.gy, a.gw, memory, a.tickets, NormOnLoad(p, d.k, a));
    launch({.grid = static_cast<unsigned>(wgrad.blocks() + fwd.blocks()),
            .block = threads,
            .shared_bytes = std::max(fwd.shared_bytes(), wgrad.shared_bytes())},
           stream, dgrad_grads_few_channels<Fwd, Wgrad>, fwd, wgrad, wgrad.blocks());
  });
}

void run(const NormedConv2dProblem& p, const NormedConv2dDgradGrads::Args& a, Scratch memory, Stream stream) {
  with_element(p.conv.dtype, [&](auto tag) { start<typename decltype(tag)::type>(p, a, memory, stream); });
}

KERNEL_VARIANT(NormedConv2dDgradGrads, few_channels, 3, supports, scratch, run);

}  // namespace
}  // namespace duel
