// The reference: one element at a time, in f64, with the C library's functions, rounded at the end; gb is added up row by row.
#include "kernels/bias_activation/functions.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const BiasActivationProblem& p) { return is_floating(p.dtype) && bias_activation_supports(p); }

void run_forward(const BiasActivationProblem& p, const BiasActivation::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const double slope = static_cast<accumulator_t<T>>(p.slope);  // as the other rows hold it
    const T *x = static_cast<const T*>(a.x), *b = static_cast<const T*>(a.b);
    T* y = static_cast<T*>(a.y);
    for (int64_t i = 0; i < p.count(); ++i)
      y[i] = static_cast<T>(act_forward(p.act, static_cast<double>(x[i]) + static_cast<double>(b[i % p.c]), slope));
  });
}

void run_grad(const BiasActivationProblem& p, const BiasActivationGrad::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const double slope = static_cast<accumulator_t<T>>(p.slope);
    const T *y = static_cast<const T*>(a.y), *g = static_cast<const T*>(a.g);
    T* gx = static_cast<T*>(a.gx);
    for (int c = 0; c < p.c; ++c) {
      double sum = 0;
      for (int64_t i = c; i < p.count(); i += p.c) {
        const double value = static_cast<double>(g[i]) * act_grad_factor(p.act, static_cast<double>(y[i]), slope);
        gx[i] = static_cast<T>(value);
        sum += value;
      }
      static_cast<accumulator_t<T>*>(a.gb)[c] = static_cast<accumulator_t<T>>(sum);
    }
  });
}

KERNEL_VARIANT(BiasActivation, ref, reference_rank, supports, no_scratch, run_forward);
KERNEL_VARIANT(BiasActivationGrad, ref, reference_rank, supports, no_scratch, run_grad);

}  // namespace
}  // namespace duel
