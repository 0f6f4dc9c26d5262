// max_pool2d_scatter, rung 1: one thread an input element, which asks each window over it whether its tap names this pixel, and adds those
// that do. Gathering, not scattering: no atomics, so the order of addition is fixed. Bounded by memory requests.
#include "kernels/launch.h"
#include "kernels/pool2d/pool2d.h"

namespace duel {
namespace {

bool supports(const Pool2dProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void scatter_naive(Pool2dProblem d, const T* gy, const int32_t* tap, T* gx) {
  const int64_t count = d.x_count();
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
        const int64_t at = ((n * d.p + pu / d.u) * d.q + qv / d.v) * d.c + c;
        if (tap[at] == r * d.s + s) sum += static_cast<accumulator_t<T>>(gy[at]);
      }
    }
    gx[i] = static_cast<T>(sum);
  }
}

void run(const Pool2dProblem& p, const MaxPool2dScatter::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.x_count(), 256), .block = 256}, stream, scatter_naive<T>, p, static_cast<const T*>(a.gy),
           static_cast<const int32_t*>(a.tap), static_cast<T*>(a.gx));
  });
}

KERNEL_VARIANT(MaxPool2dScatter, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
