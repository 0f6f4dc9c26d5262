// Layer norm and instance norm. The first derivative is one fused kernel. When the derivative is itself recorded, it is composed from
// differentiable ops instead, so that every further order follows; a test holds the two equal.
#include "kernels/sample_norm/sample_norm.h"

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

SampleNormProblem problem_of(const char* op, NormOver over, const Tensor& x, const Tensor& gamma, const Tensor& beta, ActivationSpec then,
                             double eps) {
  check_floating(op, x);
  check(x.shape().rank() >= 2 && x.count() >= 1, op, "wants [n, …, c] with at least one element, not {}", x);
  const int64_t n = x.shape()[0], c = x.shape()[-1];
  for (const Tensor& t : {gamma, beta})
    if (!(t && t.shape() == Shape{c} && t.dtype() == accumulator_of(x.dtype()) && t.device() == x.device()))
      check(false, op, "x is {}, so gamma and beta must be {}[{}] on its device, not {}", x, name_of(accumulator_of(x.dtype())), c,
            t ? t.text() : "undefined");
  check(then.act == Act::none || then.act == Act::relu || then.act == Act::leaky_relu, op,
        "only relu and leaky_relu can follow in one pass; call activation() after it");
  SampleNormProblem p{.n = n, .inner = x.count() / n, .c = c, .over = over, .eps = eps, .act = then.act, .slope = then.slope};
  p.dtype = x.dtype();
  check(p.terms() > 1, op, "{} has one value a {}, whose variance is 0; {}", x, over == NormOver::layer ? "sample" : "sample and channel",
        over == NormOver::layer ? "use batch_norm" : "use layer_norm, or an image of more than one pixel");
  return p;
}

// Ioffe & Szegedy (2015), the derivatives after Algorithm 1, with means over a sample or an image for those over the batch, in ops that
// differentiate again. gamma may differ within what a mean covers, so it multiplies before the means are taken.
Tensors composed_backward(const SampleNormProblem& p, const Tensor& x16, const Tensor& gamma, const Tensor& beta, const Tensor& gy) {
  const auto mean = p.over == NormOver::layer ? mean_per_sample : mean_per_image;
  const Tensor x = cast(x16, accumulator_of(x16.dtype()));
  const Tensor centred = sub(x, mean(x));
  const Tensor invstd = rsqrt(affine(mean(square(centred)), 1, p.eps));
  const Tensor x_hat = mul(centred, invstd);
  Tensor g = cast(gy, x.dtype());
  if (p.act != Act::none) g = activation_grad(add(mul(x_hat, gamma), beta), g, p.act, p.slope);
  const Tensor gx_hat = mul(g, gamma);
  const Tensor gx = mul(sub(sub(gx_hat, mean(gx_hat)), mul(x_hat, mean(mul(gx_hat, x_hat)))), invstd);
  return {cast(gx, x16.dtype()), sum_per_channel(mul(g, x_hat)), sum_per_channel(g)};
}

Tensor sample_norm(const char* op, NormOver over, const Tensor& x, const Tensor& gamma, const Tensor& beta, ActivationSpec then,
                   double eps) {
  const SampleNormProblem p = problem_of(op, over, x, gamma, beta, then, eps);
  const DType wide = accumulator_of(x.dtype());
  Tensor y(x.shape(), x.dtype(), x.device()), mean({p.statistics()}, wide, x.device()), invstd({p.statistics()}, wide, x.device());
  dispatch<SampleNormFwd>(p, {x.data(), gamma.data(), beta.data(), y.data(), mean.data(), invstd.data()}, x.device());
  return record(op, y, {x, gamma, beta}, [=](const Tensor&, const Tensor& g, Needs) {
    if (recording()) return composed_backward(p, x, gamma, beta, g);
    Tensor gx(x.shape(), x.dtype(), x.device()), ggamma({p.c}, wide, x.device()), gbeta({p.c}, wide, x.device());
    dispatch<SampleNormBwd>(
        p, {x.data(), g.data(), gamma.data(), beta.data(), mean.data(), invstd.data(), gx.data(), ggamma.data(), gbeta.data()}, x.device());
    return Tensors{gx, ggamma, gbeta};
  });
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, ActivationSpec then, double eps) {
  return sample_norm("layer_norm", NormOver::layer, x, gamma, beta, then, eps);
}
Tensor instance_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, ActivationSpec then, double eps) {
  return sample_norm("instance_norm", NormOver::instance, x, gamma, beta, then, eps);
}

}  // namespace duel
