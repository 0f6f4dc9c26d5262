// avg_pool2d_grad (and nearest-neighbour upsampling), rung 1: one thread an input element, which adds up the windows over it in order.
// Bounded by memory requests, and by the divisions that find the windows.
#include "kernels/launch.h"
#include "kernels/pool2d/pool2d.h"

namespace duel {
namespace {

bool supports(const Pool2dProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void avg_grad_naive(Pool2dProblem d, const T* gy, T* gx) {
  const int64_t count = d.x_count();
  const bool same = d.over != PoolOver::inside;  // one divisor for all: divided once, at the end, so that integers stay exact
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int c = static_cast<int>(i % d.c);
    const int col = static_cast<int>(i / d.c % d.w);
    const int row = static_cast<int>(i / d.c / d.w % d.h);
    const int64_t n = i / d.c / d.w / d.h;
    accumulator_t<T> sum = 0;
    for (int r = 0; r < d.r; ++r) {
      const int pu = row + d.top - r;  // p·u for the output row that sees this pixel through tap r
      if (pu < 0 || pu % d.u || pu / d.u >= d.p) continue;
      for (int s = 0; s < d.s; ++s) {
        const int qv = col + d.left - s;
        if (qv < 0 || qv % d.v || qv / d.v >= d.q) continue;
        const accumulator_t<T> g = static_cast<accumulator_t<T>>(gy[((n * d.p + pu / d.u) * d.q + qv / d.v) * d.c + c]);
        sum += same ? g : g / static_cast<accumulator_t<T>>(d.divisor(pu / d.u, qv / d.v));
      }
    }
    gx[i] = static_cast<T>(same ? sum / static_cast<accumulator_t<T>>(d.divisor(0, 0)) : sum);
  }
}

void run(const Pool2dProblem& p, const AvgPool2dGrad::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.x_count(), 256), .block = 256}, stream, avg_grad_naive<T>, p, static_cast<const T*>(a.gy),
           static_cast<T*>(a.gx));
  });
}

KERNEL_VARIANT(AvgPool2dGrad, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
