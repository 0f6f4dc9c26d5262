// bias_activation, rung 1: one thread an element, in a grid-stride loop. Bounded by memory, and by the division that finds the channel.
#include "kernels/bias_activation/functions.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const BiasActivationProblem& p) { return is_floating(p.dtype) && bias_activation_supports(p); }

template <class T>
__global__ void bias_activation_naive(BiasActivationProblem p, const T* x, const T* b, T* y) {
  using A = accumulator_t<T>;
  const A slope = static_cast<A>(p.slope);
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.count(); i += int64_t{gridDim.x} * blockDim.x)
    y[i] = static_cast<T>(act_forward(p.act, static_cast<A>(x[i]) + static_cast<A>(b[i % p.c]), slope));
}

void run(const BiasActivationProblem& p, const BiasActivation::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, bias_activation_naive<T>, p, static_cast<const T*>(a.x),
           static_cast<const T*>(a.b), static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(BiasActivation, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
