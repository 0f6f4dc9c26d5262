// The reference: the papers' formulas, each number in double until it is stored.
#include <cmath>

#include "kernels/optimizer/optimizer.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const OptimizerProblem&) { return true; }
bool supports_increment(const IncrementProblem&) { return true; }

// rule(p, g, a, b) for each element, in double.
template <class A, class Rule>
void each_element(const OptimizerProblem& o, const OptimizerArgs& args, Rule&& rule) {
  for (int t = 0; t < o.tensors; ++t) {
    const OptimizerTensor& tensor = args.list[t];
    A *p = static_cast<A*>(tensor.p), *a = static_cast<A*>(tensor.a), *b = static_cast<A*>(tensor.b);
    for (int64_t i = 0; i < tensor.n; ++i) {
      double p_new = p[i], a_new = a ? a[i] : 0, b_new = b ? b[i] : 0;
      rule(p_new, static_cast<double>(static_cast<const A*>(tensor.g)[i]), a_new, b_new);
      p[i] = static_cast<A>(p_new);
      if (a) a[i] = static_cast<A>(a_new);
      if (b) b[i] = static_cast<A>(b_new);
      if (tensor.copy) static_cast<bf16*>(tensor.copy)[i] = static_cast<bf16>(p[i]);
    }
  }
}
template <class Rule>
void step(const OptimizerProblem& o, const OptimizerArgs& args, Rule&& rule) {
  if (o.dtype == DType::f64) each_element<double>(o, args, rule);
  else each_element<float>(o, args, rule);
  ++*static_cast<int32_t*>(args.step);
}
double lr_of(const OptimizerArgs& args) { return *static_cast<const float*>(args.lr); }

void run_sgd(const OptimizerProblem& o, const OptimizerArgs& args, Scratch, Stream) {
  const double lr = lr_of(args);
  step(o, args, [&](double& p, double g, double& v, double&) {
    v = o.momentum * v + g + o.weight_decay * p;
    p -= lr * v;
  });
}
void run_rmsprop(const OptimizerProblem& o, const OptimizerArgs& args, Scratch, Stream) {
  const double lr = lr_of(args);
  step(o, args, [&](double& p, double g, double& v, double&) {
    g += o.weight_decay * p;
    v = o.alpha * v + (1 - o.alpha) * g * g;
    p -= lr * g / (std::sqrt(v) + o.eps);
  });
}
void run_adam(const OptimizerProblem& o, const OptimizerArgs& args, Scratch, Stream) {
  const double lr = lr_of(args), t = *static_cast<const int32_t*>(args.step) + 1;
  step(o, args, [&](double& p, double g, double& m, double& v) {
    if (o.decoupled) p -= lr * o.weight_decay * p;
    else g += o.weight_decay * p;
    m = o.beta1 * m + (1 - o.beta1) * g;
    v = o.beta2 * v + (1 - o.beta2) * g * g;
    const double m_hat = m / (1 - std::pow(o.beta1, t)), v_hat = v / (1 - std::pow(o.beta2, t));
    p -= lr * m_hat / (std::sqrt(v_hat) + o.eps);
  });
}
void run_increment(const IncrementProblem& p, const Increment::Args& a, Scratch, Stream) {
  for (int64_t i = 0; i < p.n; ++i) ++static_cast<int32_t*>(a.counter)[i];
}

KERNEL_VARIANT(SgdStep, ref, reference_rank, supports, no_scratch, run_sgd);
KERNEL_VARIANT(RmspropStep, ref, reference_rank, supports, no_scratch, run_rmsprop);
KERNEL_VARIANT(AdamStep, ref, reference_rank, supports, no_scratch, run_adam);
KERNEL_VARIANT(Increment, ref, reference_rank, supports_increment, no_scratch, run_increment);

}  // namespace
}  // namespace duel
