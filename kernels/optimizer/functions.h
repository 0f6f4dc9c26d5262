// The optimisers' arithmetic, one element at a time, shared by every row. A is float or double. What depends on lr and step only is found
// once, in double: 1 − 0.999¹ has four digits left in f32.
#pragma once
#include "kernels/optimizer/optimizer.h"
#include "kernels/random/rounded.h"

namespace duel {

HD inline double power(double base, int exponent) {
  double result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base)
    if (exponent & 1) result *= base;
  return result;
}

template <class A>
struct SgdRule {
  A lr, momentum, decay;
  HD static SgdRule make(const OptimizerProblem& o, double lr, int) {
    return {static_cast<A>(lr), static_cast<A>(o.momentum), static_cast<A>(o.weight_decay)};
  }
  HD void operator()(A& p, A g, A& v, A&) const {
    v = momentum * v + (g + decay * p);
    p -= lr * v;
  }
};

template <class A>
struct RmspropRule {
  A lr, alpha, rest, eps, decay;
  HD static RmspropRule make(const OptimizerProblem& o, double lr, int) {
    return {static_cast<A>(lr), static_cast<A>(o.alpha), static_cast<A>(1 - o.alpha), static_cast<A>(o.eps),
            static_cast<A>(o.weight_decay)};
  }
  HD void operator()(A& p, A g, A& v, A&) const {
    g += decay * p;
    v = alpha * v + rest * g * g;
    p -= lr * g / (sqrt_rn(v) + eps);
  }
};

template <class A>
struct AdamRule {
  A rate, beta1, rest1, beta2, rest2, root, eps, decay, keep;  // rate = lr/(1 − beta1^t), root = 1/√(1 − beta2^t), keep = 1 − lr·decay
  HD static AdamRule make(const OptimizerProblem& o, double lr, int step) {
    return {static_cast<A>(lr / (1 - power(o.beta1, step))),
            static_cast<A>(o.beta1),
            static_cast<A>(1 - o.beta1),
            static_cast<A>(o.beta2),
            static_cast<A>(1 - o.beta2),
            static_cast<A>(1 / sqrt_rn(1 - power(o.beta2, step))),
            static_cast<A>(o.eps),
            static_cast<A>(o.decoupled ? 0 : o.weight_decay),
            static_cast<A>(o.decoupled ? 1 - lr * o.weight_decay : 1)};
  }
  HD void operator()(A& p, A g, A& m, A& v) const {
    g += decay * p;
    p *= keep;
    m = beta1 * m + rest1 * g;
    v = beta2 * v + rest2 * g * g;
    p -= rate * m / (sqrt_rn(v) * root + eps);
  }
};

}  // namespace duel
