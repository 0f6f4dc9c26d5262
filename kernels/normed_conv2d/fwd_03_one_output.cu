// normed_conv2d_fwd of D's last layer: one output channel, and a window as large as the image (one_output.h).
//
// A block an image. A thread stays with four channels, whose norm it keeps in registers, and goes through pixels; the block's sums are
// added in a fixed order. As a matrix product y has one column, and fifteen of sixteen products would be of padding. Bounded by memory: x
// is read once, and w as often as there are images, from the second-level cache.
#include "kernels/normed_conv2d/one_output.h"

namespace duel {
namespace {

using namespace one_output;

struct Shared {
  float partial[32];
};

__global__ void __launch_bounds__(threads)
    fwd_one_output(int pixels, int c, int images, Before before, const float* x, const float* w, float* y) {
  const int thread = static_cast<int>(threadIdx.x), image = static_cast<int>(blockIdx.x);
  const int fours = c / 4, width = min(fours, threads), lanes = threads / width;  // threads beyond lanes·width have no pixels
  const int lane = thread / width;
  const float* const of_image = x + int64_t{image} * pixels * c;
  float sum = 0;
  for (int channel = thread % width * 4; channel < c; channel += width * 4) {
    const NormOfFour norm(before, image / images, c, channel);
#pragma unroll 4
    for (int pixel = lane; pixel < (lane < lanes ? pixels : 0); pixel += lanes) {
      const auto values = load_vec<Four>(of_image + pixel * c + channel), weights = load_vec<Four>(w + pixel * c + channel);
#pragma unroll
      for (int e = 0; e < 4; ++e) sum = fma_rn(norm(values.at[e], e), weights.at[e], sum);
    }
  }
  sum = block_sum(sum, shared_storage<Shared>().partial);
  if (thread == 0) y[image] = sum;
}

void run(const NormedConv2dProblem& p, const NormedConv2dFwd::Args& a, Scratch, Stream stream) {
  const Conv2dProblem& d = p.conv;
  launch({.grid = static_cast<unsigned>(d.n), .block = threads, .shared_bytes = sizeof(Shared)}, stream, fwd_one_output, d.h * d.w, d.c,
         d.n / p.groups, before(p, a), static_cast<const float*>(a.x), static_cast<const float*>(a.w), static_cast<float*>(a.y));
}

KERNEL_VARIANT(NormedConv2dFwd, one_output, 3, supports, no_scratch, run);

}  // namespace
}  // namespace duel
