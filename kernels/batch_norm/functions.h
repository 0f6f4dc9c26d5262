// The arithmetic of batch normalisation that every row shares. A is the accumulator: float, or double for f64.
#pragma once
#include "kernels/activation/functions.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/random/rounded.h"

namespace duel {

// gamma·x̂ + beta with scale = gamma·invstd. Each operation is rounded by itself, on every device: the backward pass recomputes this value
// for its sign, and a relu must not change sides between the passes or between devices. The mean is subtracted first; folding it into
// the offset (x·scale + (beta − mean·scale)) would cancel where |mean| is far above the deviation.
template <class A>
HD inline A bn_affine(A x, A mean, A scale, A beta) {
  return add_rn(mul_rn(sub_rn(x, mean), scale), beta);
}

HD inline double bn_invstd(double var, double eps) { return 1.0 / sqrt_rn(var + eps); }

// Running statistics after a batch with this mean and this sum of squared deviations.
HD inline double bn_running_mean(const BatchNormProblem& p, double before, double mean) {
  return (1 - p.momentum) * before + p.momentum * mean;
}
HD inline double bn_running_var(const BatchNormProblem& p, double before, double deviations) {
  const double unbiased = deviations / static_cast<double>(p.rows > 1 ? p.rows - 1 : 1);
  return (1 - p.momentum) * before + p.momentum * unbiased;
}

// Calls f with the activation as a constant.
template <class F>
void with_bn_act(Act act, F&& f) {
  if (act == Act::relu) f(std::integral_constant<Act, Act::relu>{});
  else if (act == Act::leaky_relu) f(std::integral_constant<Act, Act::leaky_relu>{});
  else f(std::integral_constant<Act, Act::none>{});
}
inline bool bn_supports_act(Act act) { return act == Act::none || act == Act::relu || act == Act::leaky_relu; }

}  // namespace duel
