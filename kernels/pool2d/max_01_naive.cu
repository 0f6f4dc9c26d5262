// max_pool2d, rung 1: one thread an output element, which looks through its window in order and notes where it found the largest.
// Neighbouring threads take neighbouring channels, so requests are whole. Bounded by memory; windows that overlap are read from cache.
#include "kernels/launch.h"
#include "kernels/pool2d/pool2d.h"

namespace duel {
namespace {

bool supports(const Pool2dProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void max_naive(Pool2dProblem d, const T* x, T* y, int32_t* tap) {
  const int64_t count = d.y_count();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int c = static_cast<int>(i % d.c);
    const int q = static_cast<int>(i / d.c % d.q);
    const int p = static_cast<int>(i / d.c / d.q % d.p);
    const int64_t n = i / d.c / d.q / d.p;
    accumulator_t<T> best = 0;
    int32_t where = -1;
    for (int r = 0; r < d.r; ++r) {
      const int row = d.first_row(p) + r;
      if (!d.has_row(row)) continue;
      for (int s = 0; s < d.s; ++s) {
        const int col = d.first_col(q) + s;
        if (!d.has_col(col)) continue;
        const accumulator_t<T> value = static_cast<accumulator_t<T>>(x[((n * d.h + row) * d.w + col) * d.c + c]);
        if (where < 0 || value > best || (value != value && best == best)) best = value, where = r * d.s + s;
      }
    }
    y[i] = static_cast<T>(best);
    tap[i] = where;
  }
}

void run(const Pool2dProblem& p, const MaxPool2d::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.y_count(), 256), .block = 256}, stream, max_naive<T>, p, static_cast<const T*>(a.x),
           static_cast<T*>(a.y), static_cast<int32_t*>(a.tap));
  });
}

KERNEL_VARIANT(MaxPool2d, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
