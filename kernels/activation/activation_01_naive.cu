// activation, rung 1: one thread an element, in a grid-stride loop. Bounded by memory: two or four bytes in and as many out, and each
// access of a warp is a whole number of sectors. In bf16 a thread's two bytes leave the load units half used.
#include "kernels/activation/functions.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const ActivationProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void activation_naive(ActivationProblem p, const T* x, T* y) {
  using A = accumulator_t<T>;
  const A slope = static_cast<A>(p.slope);
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.n; i += int64_t{gridDim.x} * blockDim.x)
    y[i] = static_cast<T>(act_forward(p.act, static_cast<A>(x[i]), slope));
}

void run(const ActivationProblem& p, const Activation::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.n, 256), .block = 256}, stream, activation_naive<T>, p, static_cast<const T*>(a.x),
           static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(Activation, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
