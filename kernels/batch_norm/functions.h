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

// The problem and the arguments of one group.
inline BatchNormProblem of_group(BatchNormProblem p) {
  p.groups = 1;
  return p;
}
inline BatchNormFwd::Args of_group(const BatchNormProblem& p, BatchNormFwd::Args a, int group) {
  const size_t values = size_t(group) * size_t(p.rows) * size_t(p.c) * size_of(p.dtype);
  const size_t statistics = size_t(group) * size_t(p.c) * size_of(accumulator_of(p.dtype));
  a.x = static_cast<const char*>(a.x) + values, a.y = static_cast<char*>(a.y) + values;
  a.mean = static_cast<char*>(a.mean) + statistics, a.invstd = static_cast<char*>(a.invstd) + statistics;
  return a;
}
inline BatchNormBwd::Args of_group(const BatchNormProblem& p, BatchNormBwd::Args a, int group) {
  const size_t values = size_t(group) * size_t(p.rows) * size_t(p.c) * size_of(p.dtype);
  const size_t statistics = size_t(group) * size_t(p.c) * size_of(accumulator_of(p.dtype));
  a.x = static_cast<const char*>(a.x) + values, a.gy = static_cast<const char*>(a.gy) + values, a.gx = static_cast<char*>(a.gx) + values;
  a.mean = static_cast<const char*>(a.mean) + statistics, a.invstd = static_cast<const char*>(a.invstd) + statistics;
  return a;
}

// Calls f with the activation as a constant.
template <class F>
void with_bn_act(Act act, F&& f) {
  if (act == Act::relu) f(std::integral_constant<Act, Act::relu>{});
  else if (act == Act::leaky_relu) f(std::integral_constant<Act, Act::leaky_relu>{});
  else f(std::integral_constant<Act, Act::none>{});
}
// As act_forward() and act_grad_factor() with the activation as a variable, among those that batch normalisation may have: tanh and its kin
// would make up most of a kernel's code.
template <class A>
HD inline A bn_act_forward(Act act, A v, A slope) {
  if (act == Act::relu) return act_forward<Act::relu>(v, slope);
  return act == Act::leaky_relu ? act_forward<Act::leaky_relu>(v, slope) : v;
}
template <class A>
HD inline A bn_act_grad_factor(Act act, A v, A slope) {
  if (act == Act::relu) return act_grad_factor<Act::relu>(v, slope);
  return act == Act::leaky_relu ? act_grad_factor<Act::leaky_relu>(v, slope) : A(1);
}
inline bool bn_supports_act(Act act) { return act == Act::none || act == Act::relu || act == Act::leaky_relu; }

}  // namespace duel
