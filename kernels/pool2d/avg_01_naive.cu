// avg_pool2d, rung 1: one thread an output element, which adds up its window in order. Bounded by memory; with a window as large as the
// image there are few threads, and each adds for long.
#include "kernels/launch.h"
#include "kernels/pool2d/pool2d.h"

namespace duel {
namespace {

bool supports(const Pool2dProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void avg_naive(Pool2dProblem d, const T* x, T* y) {
  const int64_t count = d.y_count();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int c = static_cast<int>(i % d.c);
    const int q = static_cast<int>(i / d.c % d.q);
    const int p = static_cast<int>(i / d.c / d.q % d.p);
    const int64_t n = i / d.c / d.q / d.p;
    accumulator_t<T> sum = 0;
    for (int r = 0; r < d.r; ++r) {
      const int row = d.first_row(p) + r;
      if (!d.has_row(row)) continue;
      for (int s = 0; s < d.s; ++s) {
        const int col = d.first_col(q) + s;
        if (!d.has_col(col)) continue;
        sum += static_cast<accumulator_t<T>>(x[((n * d.h + row) * d.w + col) * d.c + c]);
      }
    }
    y[i] = static_cast<T>(sum / static_cast<accumulator_t<T>>(d.divisor(p, q)));
  }
}

void run(const Pool2dProblem& p, const AvgPool2d::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.y_count(), 256), .block = 256}, stream, avg_naive<T>, p, static_cast<const T*>(a.x),
           static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(AvgPool2d, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
