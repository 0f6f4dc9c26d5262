// max_pool2d_gather, rung 1: one thread an output element, which reads the one pixel that its tap names. Bounded by memory.
#include "kernels/launch.h"
#include "kernels/pool2d/pool2d.h"

namespace duel {
namespace {

bool supports(const Pool2dProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void gather_naive(Pool2dProblem d, const T* x, const int32_t* tap, T* y) {
  const int64_t count = d.y_count();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int c = static_cast<int>(i % d.c);
    const int q = static_cast<int>(i / d.c % d.q);
    const int p = static_cast<int>(i / d.c / d.q % d.p);
    const int64_t n = i / d.c / d.q / d.p;
    const int row = d.first_row(p) + tap[i] / d.s, col = d.first_col(q) + tap[i] % d.s;
    y[i] = d.has_row(row) && d.has_col(col) ? x[((n * d.h + row) * d.w + col) * d.c + c] : static_cast<T>(0.f);
  }
}

void run(const Pool2dProblem& p, const MaxPool2dGather::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.y_count(), 256), .block = 256}, stream, gather_naive<T>, p, static_cast<const T*>(a.x),
           static_cast<const int32_t*>(a.tap), static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(MaxPool2dGather, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
