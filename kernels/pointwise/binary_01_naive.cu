// binary, rung 1: one thread a result element, in a grid-stride loop, the function chosen in the loop. Bounded by memory where the operands
// are as large as the result; by the integer divisions that find a channel or a sample where they are broadcast.
#include "kernels/launch.h"
#include "kernels/pointwise/functions.h"

namespace duel {
namespace {

bool supports(const BinaryProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void binary_naive(BinaryProblem p, const T* a, const T* b, T* y) {
  using A = accumulator_t<T>;
  const int64_t count = p.count();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const A av = static_cast<A>(a[spread_index(p.a_spread, i, p.inner, p.c)]);
    const A bv = static_cast<A>(b[spread_index(p.b_spread, i, p.inner, p.c)]);
    with_binary_fn(p.fn, [&](auto fn) { y[i] = static_cast<T>(binary_value<decltype(fn)::value>(av, bv)); });
  }
}

void run(const BinaryProblem& p, const Binary::Args& args, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, binary_naive<T>, p, static_cast<const T*>(args.a),
           static_cast<const T*>(args.b), static_cast<T*>(args.y));
  });
}

KERNEL_VARIANT(Binary, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
