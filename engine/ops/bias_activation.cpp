// The first derivative is one fused kernel, which sees only the output. When the derivative is itself recorded, it is composed from
// differentiable ops instead, so that every further order follows; a test holds the two equal.
#include "kernels/bias_activation/bias_activation.h"

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"
#include "engine/ops/rules.h"

namespace duel {

Tensors bias_activation_gradients(const BiasActivationProblem& problem, const Tensor& out, const Tensor& g, bool to_bias) {
  if (recording() || problem.act == Act::none || !to_bias) {  // without an activation gx is g, and needs no pass
    const Tensor gx = problem.act == Act::none ? g : activation_grad(out, g, problem.act, problem.slope);
    return {gx, to_bias ? sum_per_channel(gx) : Tensor()};
  }
  Tensor gx(g.shape(), g.dtype(), g.device()), gb({problem.c}, accumulator_of(g.dtype()), g.device());
  dispatch<BiasActivationGrad>(problem, {out.data(), g.data(), gx.data(), gb.data()}, g.device());
  return {gx, gb};
}

Tensor bias_activation(const Tensor& x, const Tensor& b, ActivationSpec then) {
  check_like("bias_activation", x, b);
  check(x.shape().rank() >= 1 && x.shape()[-1] >= 1 && b.shape() == Shape{x.shape()[-1]}, "bias_activation",
        "x is {} and b is {}; b must be [c], with c the last axis of x", x, b);
  check(
      act_told_by_output(then.act, then.slope), "bias_activation",
      "its derivative is taken from the output, which tells it of none, relu, leaky_relu with a slope of 0 or more, tanh and sigmoid; use "
      "activation() behind add()");
  const BiasActivationProblem problem{
      .rows = x.count() / x.shape()[-1], .c = static_cast<int>(x.shape()[-1]), .act = then.act, .slope = then.slope, .dtype = x.dtype()};
  Tensor y(x.shape(), x.dtype(), x.device());
  dispatch<BiasActivation>(problem, {x.data(), b.data(), y.data()}, x.device());
  return record("bias_activation", y, {x, b}, [problem](const Tensor& out, const Tensor& g, Needs needs) {
    return bias_activation_gradients(problem, out, g, needs[1]);
  });
}

}  // namespace duel
