// batch_norm_infer, rung 1: one thread an element, which finds its channel's 1/√(var + eps) for itself, in double.
// Bounded by that double-precision root and division; the memory traffic, one read and one write, waits for it.
#include "kernels/batch_norm/functions.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const BatchNormProblem& p) { return is_floating(p.dtype) && bn_supports_act(p.act); }

template <class T>
__global__ void infer_naive(BatchNormProblem p, const T* x, const accumulator_t<T>* gamma, const accumulator_t<T>* beta,
                            const accumulator_t<T>* mean, const accumulator_t<T>* var, T* y) {
  using A = accumulator_t<T>;
  const A slope = static_cast<A>(p.slope);
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.count(); i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t c = i % p.c;
    const A scale = mul_rn(gamma[c], static_cast<A>(bn_invstd(var[c], p.eps)));
    y[i] = static_cast<T>(act_forward(p.act, bn_affine(static_cast<A>(x[i]), mean[c], scale, beta[c]), slope));
  }
}

void run(const BatchNormProblem& p, const BatchNormInfer::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, infer_naive<T>, p, static_cast<const T*>(a.x),
           static_cast<const A*>(a.gamma), static_cast<const A*>(a.beta), static_cast<const A*>(a.mean), static_cast<const A*>(a.var),
           static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(BatchNormInfer, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
