// normed_conv2d_fwd of D's last layer: one output channel, and a window as large as the image (one_output.h).
//
// A block an image. A thread stays with 16 bytes of channels, whose norm it keeps in registers, and goes through pixels; the block's sums
// are added in a fixed order, and its bias and activation come to the sum. As a matrix product y has one column, and fifteen of sixteen
// products would be of padding. Of activations none, relu and leaky_relu: the long ones would spill. Bounded by memory: x is read once, and
// w as often as there are images, from the second-level cache.
#include "kernels/normed_conv2d/activation_behind.h"
#include "kernels/normed_conv2d/one_output.h"

namespace duel {
namespace {

using namespace one_output;

struct Shared {
  float partial[32];
};

template <class T>
__global__ void __launch_bounds__(threads, 4)
    fwd_one_output(int pixels, int c, int images, Before before, const T* x, const T* w, T* y, BiasActivationBehind<T, false> behind) {
  constexpr int together = pack_elements<T>;
  const int thread = static_cast<int>(threadIdx.x), image = static_cast<int>(blockIdx.x);
  const int width = min(c / together, threads), lanes = threads / width;  // threads beyond lanes·width have no pixels
  const int lane = thread / width;
  const T* const of_image = x + int64_t{image} * pixels * c;
  float sum = 0;
  for (int channel = thread % width * together; channel < c; channel += width * together) {
    const NormOfValues<T> norm(before, image / images, c, channel);
#pragma unroll 4
    for (int pixel = lane; pixel < (lane < lanes ? pixels : 0); pixel += lanes) {
      const auto values = load_vec<Values<T>>(of_image + pixel * c + channel), weights = load_vec<Values<T>>(w + pixel * c + channel);
#pragma unroll
      for (int e = 0; e < together; ++e) sum = fma_rn(norm(static_cast<float>(values.at[e]), e), static_cast<float>(weights.at[e]), sum);
    }
  }
  sum = block_sum(sum, shared_storage<Shared>().partial);
  const float finished = behind.finished(sum, behind.bias(0));
  if (thread == 0) y[image] = static_cast<T>(finished);
}

void run(const NormedConv2dProblem& p, const NormedConv2dFwd::Args& a, Scratch, Stream stream) {
  const Conv2dProblem& d = p.conv;
  with_element(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = static_cast<unsigned>(d.n), .block = threads, .shared_bytes = sizeof(Shared)}, stream, fwd_one_output<T>, d.h * d.w,
           d.c, d.n / p.groups, before(p, a), static_cast<const T*>(a.x), static_cast<const T*>(a.w), static_cast<T*>(a.y),
           BiasActivationBehind<T, false>(p, a.bias));
  });
}

bool supports(const NormedConv2dProblem& p) { return one_output::supports(p) && bn_supports_act(p.then) && supports_behind(p); }

KERNEL_VARIANT(NormedConv2dFwd, one_output, 3, supports, no_scratch, run);

}  // namespace
}  // namespace duel
