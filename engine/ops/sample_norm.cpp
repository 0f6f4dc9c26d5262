// Layer norm and instance norm. The first derivative is one fused kernel, and that of its gx another, which is what a gradient penalty
// asks for. Recorded beyond that, derivatives are composed from differentiable ops, so that every further order follows; a test holds the
// two ways equal.
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

// What a record holds of a norm: the tensors that it read, and the statistics that it found.
struct Normed {
  SampleNormProblem p;
  Tensor x, gamma, beta, mean, invstd;
};

// What both compositions below begin with, in ops that differentiate again; all in the accumulator's dtype.
struct Parts {
  Tensor invstd, x_hat, gamma_x_hat;
  Parts(const SampleNormProblem& p, const Tensor& x, const Tensor& gamma, const Tensor& beta) {
    const Tensor centred = sub(x, mean(p, x));
    invstd = rsqrt(affine(mean(p, square(centred)), 1, p.eps));
    x_hat = mul(centred, invstd);
    gamma_x_hat = p.act == Act::none ? Tensor() : add(mul(x_hat, gamma), beta);
  }
  static Tensor mean(const SampleNormProblem& p, const Tensor& t) {
    return p.over == NormOver::layer ? mean_per_sample(t) : mean_per_image(t);
  }
  Tensor through_activation(const SampleNormProblem& p, const Tensor& g) const {
    return p.act == Act::none ? g : activation_grad(gamma_x_hat, g, p.act, p.slope);
  }
};

// {gx, ggamma, gbeta}
Tensors backward(const Normed& of, const Tensor& gy) {
  const DType wide = of.gamma.dtype();
  const Device device = of.x.device();
  Tensor gx(of.x.shape(), of.x.dtype(), device), ggamma({of.p.c}, wide, device), gbeta({of.p.c}, wide, device);
  dispatch<SampleNormBwd>(
      of.p,
      {of.x.data(), gy.data(), of.gamma.data(), of.beta.data(), of.mean.data(), of.invstd.data(), gx.data(), ggamma.data(), gbeta.data()},
      device);
  return {gx, ggamma, gbeta};
}

// Of Σ u·gx by {x, gy, gamma}: sample_norm.h's formulas, in ops that differentiate again.
Tensors composed_double_backward(const Normed& of, const Tensor& narrow_gy, const Tensor& narrow_u) {
  const SampleNormProblem& p = of.p;
  const DType wide = of.gamma.dtype();
  const Parts parts(p, cast(of.x, wide), of.gamma, of.beta);
  const auto mean = [&](const Tensor& t) { return Parts::mean(p, t); };
  const Tensor u = cast(narrow_u, wide), g = parts.through_activation(p, cast(narrow_gy, wide)), h = mul(g, of.gamma);
  const Tensor mean_h = mean(h), mean_u = mean(u), a = mean(mul(h, parts.x_hat)), b = mean(mul(u, parts.x_hat));
  const Tensor centred = sub(u, mean_u), d = mul(sub(centred, mul(parts.x_hat, b)), parts.invstd);
  const Tensor along = sub(sub(mean(mul(u, h)), mul(mean_u, mean_h)), affine(mul(a, b), 3, 0));
  const Tensor sum = add(add(mul(centred, a), mul(sub(h, mean_h), b)), mul(parts.x_hat, along));
  return {cast(affine(mul(sum, square(parts.invstd)), -1, 0), of.x.dtype()),
          cast(parts.through_activation(p, mul(d, of.gamma)), of.x.dtype()), sum_per_channel(mul(g, d))};
}

// gx with a record of what it was made of. The second derivative is one fused kernel too.
Tensor recorded_gx(const Normed& of, const Tensor& gy) {
  return record("sample_norm_bwd", backward(of, gy)[0], {of.x, gy, of.gamma}, [of, gy](const Tensor&, const Tensor& u, Needs) {
    if (recording()) return composed_double_backward(of, gy, u);
    const Device device = of.x.device();
    Tensor by_x(of.x.shape(), of.x.dtype(), device), by_gy(of.x.shape(), of.x.dtype(), device),
        by_gamma({of.p.c}, of.gamma.dtype(), device);
    dispatch<SampleNormDoubleBwd>(of.p,
                                  {of.x.data(), gy.data(), u.data(), of.gamma.data(), of.beta.data(), of.mean.data(), of.invstd.data(),
                                   by_x.data(), by_gy.data(), by_gamma.data()},
                                  device);
    return Tensors{by_x, by_gy, by_gamma};
  });
}

Tensor sample_norm(const char* op, NormOver over, const Tensor& x, const Tensor& gamma, const Tensor& beta, ActivationSpec then,
                   double eps) {
  const SampleNormProblem p = problem_of(op, over, x, gamma, beta, then, eps);
  const DType wide = accumulator_of(x.dtype());
  Tensor y(x.shape(), x.dtype(), x.device()), mean({p.statistics()}, wide, x.device()), invstd({p.statistics()}, wide, x.device());
  dispatch<SampleNormFwd>(p, {x.data(), gamma.data(), beta.data(), y.data(), mean.data(), invstd.data()}, x.device());
  const Normed of{p, x, gamma, beta, mean, invstd};
  return record(op, y, {x, gamma, beta}, [of](const Tensor&, const Tensor& g, Needs needs) {
    if (!recording()) return backward(of, g);
    Tensors all{needs[0] ? recorded_gx(of, g) : Tensor(), {}, {}};
    if (!needs[1] && !needs[2]) return all;
    const Parts parts(of.p, cast(of.x, of.gamma.dtype()), of.gamma, of.beta);
    const Tensor through = parts.through_activation(of.p, cast(g, of.gamma.dtype()));
    all[1] = sum_per_channel(mul(through, parts.x_hat)), all[2] = sum_per_channel(through);
    return all;
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
