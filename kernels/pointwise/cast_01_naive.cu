// cast, rung 1: one thread an element, in a grid-stride loop. Bounded by memory; the narrow side's accesses leave the load units partly
// used.
#include "kernels/launch.h"
#include "kernels/pointwise/functions.h"

namespace duel {
namespace {

bool supports(const CastProblem&) { return true; }

template <class To, class From>
__global__ void cast_naive(int64_t n, const From* x, To* y) {
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n; i += int64_t{gridDim.x} * blockDim.x) y[i] = cast_value<To>(x[i]);
}

template <class From>
void run_from(const CastProblem& p, const From* x, void* y, Stream stream) {
  with_dtype(p.to, [&](auto tag) {
    using To = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.n, 256), .block = 256}, stream, cast_naive<To, From>, p.n, x, static_cast<To*>(y));
  });
}

void run(const CastProblem& p, const Cast::Args& a, Scratch, Stream stream) {
  with_dtype(p.from, [&](auto tag) { run_from(p, static_cast<const typename decltype(tag)::type*>(a.x), a.y, stream); });
}

KERNEL_VARIANT(Cast, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
