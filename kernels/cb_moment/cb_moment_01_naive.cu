// cb_moment, rung 1: one thread an element, in a grid-stride loop. Bounded by divisions where logits are near 0 and the series is summed;
// lanes on either side of the border wait for each other.
#include "kernels/cb_moment/functions.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const CbMomentProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void cb_moment_naive(CbMomentProblem p, const T* t, T* y) {
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.n; i += int64_t{gridDim.x} * blockDim.x)
    y[i] = static_cast<T>(cb_moment_value(static_cast<accumulator_t<T>>(t[i]), p.order));
}

void run(const CbMomentProblem& p, const CbMoment::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.n, 256), .block = 256}, stream, cb_moment_naive<T>, p, static_cast<const T*>(a.t),
           static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(CbMoment, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
