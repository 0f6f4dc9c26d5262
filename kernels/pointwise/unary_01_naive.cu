// unary, rung 1: one thread a result element, in a grid-stride loop, the function chosen in the loop. Bounded by memory where the operand
// is as large as the result; by the integer division that finds a channel or a sample where it is broadcast.
#include "kernels/launch.h"
#include "kernels/pointwise/functions.h"

namespace duel {
namespace {

bool supports(const UnaryProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void unary_naive(UnaryProblem p, const T* x, T* y) {
  using A = accumulator_t<T>;
  const A a = static_cast<A>(p.a), b = static_cast<A>(p.b);
  const int64_t count = p.count();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const A value = static_cast<A>(x[spread_index(p.from, i, p.inner, p.c)]);
    with_unary_fn(p.fn, [&](auto fn) { y[i] = static_cast<T>(unary_value<decltype(fn)::value>(value, a, b)); });
  }
}

void run(const UnaryProblem& p, const Unary::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, unary_naive<T>, p, static_cast<const T*>(a.x),
           static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(Unary, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
