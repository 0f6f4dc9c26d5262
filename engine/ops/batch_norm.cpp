// The first derivative is one fused kernel. When the derivative is itself recorded, it is composed from differentiable ops instead, so that
// every further order follows; a test holds the two equal.
#include "kernels/batch_norm/batch_norm.h"

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"
#include "engine/ops/rules.h"

namespace duel {
namespace {

BatchNormProblem problem_of(const Tensor& x, const BatchNorm& bn, ActivationSpec then, int groups) {
  check_floating("batch_norm", x);
  check(x.shape().rank() >= 2 && x.shape()[-1] >= 1, "batch_norm", "wants [n, …, c], not {}", x);
  const int64_t c = x.shape()[-1];
  for (const Tensor& t : {bn.gamma, bn.beta, bn.running_mean, bn.running_var})
    check(t && t.shape() == Shape{c} && t.dtype() == accumulator_of(x.dtype()) && t.device() == x.device(), "batch_norm",
          "x is {}, so gamma, beta and the running statistics must be {}[{}], not {}", x, name_of(accumulator_of(x.dtype())), c, t);
  check(then.act == Act::none || then.act == Act::relu || then.act == Act::leaky_relu, "batch_norm",
        "only relu and leaky_relu can follow in one pass");
  check(groups >= 1 && x.shape()[0] % groups == 0, "batch_norm", "{} has samples that do not make {} equal groups", x, groups);
  return {.rows = x.count() / c / groups,
          .c = static_cast<int>(c),
          .groups = groups,
          .eps = bn.eps,
          .momentum = bn.momentum,
          .act = then.act,
          .slope = then.slope,
          .dtype = x.dtype()};
}

// Ioffe & Szegedy (2015), the derivatives after Algorithm 1, in ops that differentiate again.
Tensors composed_backward(const Tensor& x16, const BatchNorm& bn, ActivationSpec then, const BatchNormProblem& p, const Tensor& gy) {
  const Shape grouped{p.groups, p.rows, p.c};  // each group is an image, whose positions share their statistics
  const Tensor x = reshape(cast(x16, accumulator_of(x16.dtype())), grouped);
  const Tensor centred = sub(x, mean_per_image(x));
  const Tensor invstd = rsqrt(affine(mean_per_image(square(centred)), 1, bn.eps));
  const Tensor x_hat = mul(centred, invstd);
  Tensor g = reshape(cast(gy, x.dtype()), grouped);
  if (then.act != Act::none) g = activation_grad(add(mul(x_hat, bn.gamma), bn.beta), g, then.act, then.slope);
  const Tensor gx = mul(sub(sub(g, mean_per_image(g)), mul(x_hat, mean_per_image(mul(g, x_hat)))), mul(invstd, bn.gamma));
  return {reshape(cast(gx, x16.dtype()), x16.shape()), sum_per_channel(mul(g, x_hat)), sum_per_channel(g)};
}

}  // namespace

BatchNormProblem batch_norm_problem(const Tensor& x, const BatchNorm& bn, ActivationSpec then, int groups) {
  const BatchNormProblem problem = problem_of(x, bn, then, groups);
  check(problem.rows > 1, "batch_norm", "{} has one value a channel, whose variance is 0; use a batch of at least 2, or batch_norm_infer",
        x);
  return problem;
}

Tensors batch_norm_gradients(const BatchNormProblem& problem, const Tensor& x, const BatchNorm& bn, const Tensor& mean,
                             const Tensor& invstd, const Tensor& g) {
  const DType wide = accumulator_of(x.dtype());
  Tensor gx(x.shape(), x.dtype(), x.device()), ggamma({problem.c}, wide, x.device()), gbeta({problem.c}, wide, x.device());
  dispatch<BatchNormBwd>(
      problem, {x.data(), g.data(), bn.gamma.data(), bn.beta.data(), mean.data(), invstd.data(), gx.data(), ggamma.data(), gbeta.data()},
      x.device());
  return {gx, ggamma, gbeta};
}

Tensor batch_norm(const Tensor& x, const BatchNorm& bn, ActivationSpec then, int groups) {
  const BatchNormProblem problem = batch_norm_problem(x, bn, then, groups);
  const DType wide = accumulator_of(x.dtype());
  const Shape statistics{groups, problem.c};
  Tensor y(x.shape(), x.dtype(), x.device()), mean(statistics, wide, x.device()), invstd(statistics, wide, x.device());
  dispatch<BatchNormFwd>(
      problem,
      {x.data(), bn.gamma.data(), bn.beta.data(), y.data(), mean.data(), invstd.data(), bn.running_mean.data(), bn.running_var.data()},
      x.device());
  return record("batch_norm", y, {x, bn.gamma, bn.beta}, [=](const Tensor&, const Tensor& g, Needs) {
    if (recording()) return composed_backward(x, bn, then, problem, g);
    return batch_norm_gradients(problem, x, bn, mean, invstd, g);
  });
}

Tensor batch_norm_infer(const Tensor& x, const BatchNorm& bn, ActivationSpec then) {
  const BatchNormProblem problem = problem_of(x, bn, then, 1);
  Tensor y(x.shape(), x.dtype(), x.device());
  dispatch<BatchNormInfer>(problem, {x.data(), bn.gamma.data(), bn.beta.data(), bn.running_mean.data(), bn.running_var.data(), y.data()},
                           x.device());
  return record("batch_norm_infer", y, {x, bn.gamma, bn.beta}, [=](const Tensor&, const Tensor& g, Needs) {
    const Tensor invstd = rsqrt(affine(bn.running_var, 1, bn.eps));
    const Tensor x_hat = mul(sub(cast(x, invstd.dtype()), bn.running_mean), invstd);
    Tensor g_hat = cast(g, invstd.dtype());
    if (then.act != Act::none) g_hat = activation_grad(add(mul(x_hat, bn.gamma), bn.beta), g_hat, then.act, then.slope);
    return Tensors{cast(mul(g_hat, mul(bn.gamma, invstd)), x.dtype()), sum_per_channel(mul(g_hat, x_hat)), sum_per_channel(g_hat)};
  });
}

}  // namespace duel
