// The reference: one element at a time, in f64, with the C library's functions, rounded to the element type at the end.
#include "kernels/activation/functions.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const ActivationProblem& p) { return is_floating(p.dtype); }

void run_forward(const ActivationProblem& p, const Activation::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const double slope = static_cast<accumulator_t<T>>(p.slope);  // as the other rows hold it
    const T* x = static_cast<const T*>(a.x);
    T* y = static_cast<T*>(a.y);
    for (int64_t i = 0; i < p.n; ++i) y[i] = static_cast<T>(act_forward(p.act, static_cast<double>(x[i]), slope));
  });
}

void run_grad(const ActivationProblem& p, const ActivationGrad::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const double slope = static_cast<accumulator_t<T>>(p.slope);
    const T *saved = static_cast<const T*>(a.saved), *g = static_cast<const T*>(a.g);
    T* gx = static_cast<T*>(a.gx);
    for (int64_t i = 0; i < p.n; ++i)
      gx[i] = static_cast<T>(static_cast<double>(g[i]) * act_grad_factor(p.act, static_cast<double>(saved[i]), slope));
  });
}

KERNEL_VARIANT(Activation, ref, reference_rank, supports, no_scratch, run_forward);
KERNEL_VARIANT(ActivationGrad, ref, reference_rank, supports, no_scratch, run_grad);

}  // namespace
}  // namespace duel
