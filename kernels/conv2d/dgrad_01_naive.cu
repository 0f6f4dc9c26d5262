// conv2d_dgrad (= transposed convolution), rung 1: one thread an input pixel and channel, gathering the outputs whose window covers it.
// Gathering, not scattering: no atomics, so the order of addition is fixed. Taps that fall between strides are skipped by a division, not
// multiplied as zeros. Bounded by memory requests.
#include "kernels/conv2d/conv2d.h"
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

bool supports(const Conv2dProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void dgrad_naive(Conv2dProblem d, const T* gy, const T* w, T* gx) {
  const int64_t count = d.x_count();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int c = static_cast<int>(i % d.c);
    const int col = static_cast<int>(i / d.c % d.w);
    const int row = static_cast<int>(i / d.c / d.w % d.h);
    const int n = static_cast<int>(i / d.c / d.w / d.h);
    accumulator_t<T> sum = 0;
    for (int r = 0; r < d.r; ++r) {
      const int pu = row + d.top - r;  // p·u for the output row that sees this pixel through tap r
      if (pu < 0 || pu % d.u || pu / d.u >= d.p) continue;
      for (int s = 0; s < d.s; ++s) {
        const int qv = col + d.left - s;
        if (qv < 0 || qv % d.v || qv / d.v >= d.q) continue;
        const T* gp = gy + ((int64_t{n} * d.p + pu / d.u) * d.q + qv / d.v) * d.k;
        const T* wp = w + (int64_t{r} * d.s + s) * d.c + c;
        for (int k = 0; k < d.k; ++k)
          sum = fma_rn(static_cast<accumulator_t<T>>(gp[k]), static_cast<accumulator_t<T>>(wp[int64_t{k} * d.r * d.s * d.c]), sum);
      }
    }
    gx[i] = static_cast<T>(sum);
  }
}

void run(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.x_count(), 256), .block = 256}, stream, dgrad_naive<T>, p, static_cast<const T*>(a.gy),
           static_cast<const T*>(a.w), static_cast<T*>(a.gx));
  });
}

KERNEL_VARIANT(Conv2dDgrad, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
