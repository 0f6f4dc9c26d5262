// warp_images, rung 1: one thread an element of y. The channels of a pixel work out its place each for themselves, and read neighbours of
// each other; bounded by that arithmetic.
#include "augment/warp/pixel.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const WarpProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void warp_naive(WarpProblem p, Sampling s, const float* maps, const T* x, T* y) {
  const int64_t count = p.result(), result = int64_t{p.p} * p.q * p.c, image = int64_t{p.h} * p.w * p.c;
  for (int64_t at = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; at < count; at += int64_t{gridDim.x} * blockDim.x) {
    const int64_t sample = at / result, in_sample = at - sample * result, pixel = in_sample / p.c;
    const int ch = static_cast<int>(in_sample - pixel * p.c), i = static_cast<int>(pixel / p.q);
    const Map map = map_of(maps, sample);
    y[at] = static_cast<T>(
        warped<accumulator_t<T>>(p, s, map, taps_of(p, map), x + sample * image, i, static_cast<int>(pixel - int64_t{i} * p.q), ch));
  }
}

void run(const WarpProblem& p, const WarpImages::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.result(), 256), .block = 256}, stream, warp_naive<T>, p, p.sampling(), static_cast<const float*>(a.map),
           static_cast<const T*>(a.x), static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(WarpImages, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
