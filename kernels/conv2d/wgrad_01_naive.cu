// conv2d_wgrad, rung 1: one thread a weight, adding up all images and positions in order.
// A layer has far fewer weights than a card has threads for, and each thread's sum is long: bounded by latency.
#include "kernels/conv2d/conv2d.h"
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

bool supports(const Conv2dProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void wgrad_naive(Conv2dProblem d, const T* x, const T* gy, accumulator_t<T>* gw) {
  const int64_t count = d.w_count();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int c = static_cast<int>(i % d.c);
    const int s = static_cast<int>(i / d.c % d.s);
    const int r = static_cast<int>(i / d.c / d.s % d.r);
    const int k = static_cast<int>(i / d.c / d.s / d.r);
    accumulator_t<T> sum = 0;
    for (int n = 0; n < d.n; ++n) {
      accumulator_t<T> image = 0;  // a sum an image, then their sum: the error grows with the longer of the two, not with both
      for (int p = 0; p < d.p; ++p) {
        const int row = p * d.u - d.top + r;
        if (row < 0 || row >= d.h) continue;
        for (int q = 0; q < d.q; ++q) {
          const int col = q * d.v - d.left + s;
          if (col < 0 || col >= d.w) continue;
          image = fma_rn(static_cast<accumulator_t<T>>(x[((int64_t{n} * d.h + row) * d.w + col) * d.c + c]),
                         static_cast<accumulator_t<T>>(gy[((int64_t{n} * d.p + p) * d.q + q) * d.k + k]), image);
        }
      }
      sum += image;
    }
    gw[i] = sum;
  }
}

void run(const Conv2dProblem& p, const Conv2dWgrad::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.w_count(), 256), .block = 256}, stream, wgrad_naive<T>, p, static_cast<const T*>(a.x),
           static_cast<const T*>(a.gy), static_cast<accumulator_t<T>*>(a.gw));
  });
}

KERNEL_VARIANT(Conv2dWgrad, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
