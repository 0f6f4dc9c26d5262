// conv2d_fwd, rung 1: one thread an output element, every operand from global memory.
// Right for every shape. Bounded by memory requests: neighbouring threads read the same x and different w, and nothing is kept.
#include "kernels/conv2d/conv2d.h"
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

bool supports(const Conv2dProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void fwd_naive(Conv2dProblem d, const T* x, const T* w, T* y) {
  const int64_t count = d.y_count();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int k = static_cast<int>(i % d.k);
    const int q = static_cast<int>(i / d.k % d.q);
    const int p = static_cast<int>(i / d.k / d.q % d.p);
    const int n = static_cast<int>(i / d.k / d.q / d.p);
    accumulator_t<T> sum = 0;
    for (int r = 0; r < d.r; ++r) {
      const int row = p * d.u - d.top + r;
      if (row < 0 || row >= d.h) continue;
      for (int s = 0; s < d.s; ++s) {
        const int col = q * d.v - d.left + s;
        if (col < 0 || col >= d.w) continue;
        const T* xp = x + ((int64_t{n} * d.h + row) * d.w + col) * d.c;
        const T* wp = w + ((int64_t{k} * d.r + r) * d.s + s) * d.c;
        for (int c = 0; c < d.c; ++c) sum = fma_rn(static_cast<accumulator_t<T>>(xp[c]), static_cast<accumulator_t<T>>(wp[c]), sum);
      }
    }
    y[i] = static_cast<T>(sum);
  }
}

void run(const Conv2dProblem& p, const Conv2dFwd::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.y_count(), 256), .block = 256}, stream, fwd_naive<T>, p, static_cast<const T*>(a.x),
           static_cast<const T*>(a.w), static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(Conv2dFwd, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
