// activation_grad, rung 1: one thread an element, in a grid-stride loop. Bounded by memory: two operands in, one out.
#include "kernels/activation/functions.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const ActivationProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void activation_grad_naive(ActivationProblem p, const T* saved, const T* g, T* gx) {
  using A = accumulator_t<T>;
  const A slope = static_cast<A>(p.slope);
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.n; i += int64_t{gridDim.x} * blockDim.x)
    gx[i] = static_cast<T>(static_cast<A>(g[i]) * act_grad_factor(p.act, static_cast<A>(saved[i]), slope));
}

void run(const ActivationProblem& p, const ActivationGrad::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.n, 256), .block = 256}, stream, activation_grad_naive<T>, p, static_cast<const T*>(a.saved),
           static_cast<const T*>(a.g), static_cast<T*>(a.gx));
  });
}

KERNEL_VARIANT(ActivationGrad, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
