// A bias and an activation behind a convolution: taken as that stores its output where a row of kernels/normed_conv2d can, else the ops one
// after the other. Backward it is theirs in both cases: the derivative of bias and activation comes from the output, and what they were
// given is not kept.
#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"
#include "engine/ops/joined.h"
#include "engine/ops/rules.h"
#include "kernels/bias_activation/bias_activation.h"
#include "kernels/normed_conv2d/normed_conv2d.h"

namespace duel {
namespace {

void check_bias(const char* op, const Tensor& w, const Tensor& b, int channels) {
  if (!b) return;
  check_like(op, w, b);
  check(b.shape() == Shape{channels}, op, "b is {}; the convolution leaves {} channels, and b must be [{}]", b, channels, channels);
}

// Op: of which kind of convolution; `single` is its name without anything behind.
template <class Op>
bool in_one_row(const NormedConv2dProblem& p, const char* single, Device device) {
  if (!p.bias && p.then == Act::none) return false;
  if (any_asked_for({single, p.bias ? "bias_activation" : "activation"}) || (p.then == Act::none && any_asked_for({"binary"})))
    return false;
  return act_told_by_output(p.then, p.then_slope) && has_row<Op>(p, device);
}

NormedConv2dProblem problem_of(const char* op, const Tensor& x, const Tensor& b, Conv2dProblem d, ActivationSpec then) {
  check_floating(op, x);
  d.dtype = x.dtype();
  NormedConv2dProblem p{.conv = d, .norm = false, .bias = static_cast<bool>(b), .then = then.act};
  if (then.act == Act::leaky_relu) p.then_slope = then.slope;
  return p;
}

// gradients(x, w, d, g, needs): those of the convolution by itself.
template <class Op, class Gradients>
Tensor joined(const NormedConv2dProblem& p, const Tensor& x, const Tensor& w, const Tensor& b, const Shape& out, Gradients gradients) {
  Tensor y(out, x.dtype(), x.device());
  dispatch<Op>(p,
               {x.data(), nullptr, nullptr, nullptr, nullptr, w.data(), b ? b.data() : nullptr, y.data(), nullptr, nullptr, nullptr,
                nullptr, nullptr},
               x.device());
  const BiasActivationProblem end{
      .rows = out.count() / out[-1], .c = static_cast<int>(out[-1]), .act = p.then, .slope = p.then_slope, .dtype = x.dtype()};
  return record("biased_conv2d", y, {x, w, b}, [x, w, d = p.conv, end, gradients](const Tensor& y, const Tensor& g, Needs needs) {
    const Tensors by_end = bias_activation_gradients(end, y, g, needs[2]), by_product = gradients(x, w, d, by_end[0], needs);
    return Tensors{by_product[0], by_product[1], by_end[1]};
  });
}

}  // namespace

Tensor biased_conv2d_fwd(const Tensor& x, const Tensor& w, const Tensor& b, const Conv2dProblem& d, ActivationSpec then) {
  const NormedConv2dProblem p = problem_of("biased_conv2d_fwd", x, b, d, then);
  check_bias("biased_conv2d_fwd", w, b, d.k);
  if (!in_one_row<NormedConv2dFwd>(p, Conv2dFwd::name, x.device())) return finished(conv2d_fwd(x, w, d), b, then);
  check_conv2d("biased_conv2d_fwd", "x", x, x_shape(d), w, d);
  return joined<NormedConv2dFwd>(p, x, w, b, y_shape(d), conv2d_fwd_gradients);
}

Tensor biased_conv2d_dgrad(const Tensor& gy, const Tensor& w, const Tensor& b, const Conv2dProblem& d, ActivationSpec then) {
  const NormedConv2dProblem p = problem_of("biased_conv2d_dgrad", gy, b, d, then);
  check_bias("biased_conv2d_dgrad", w, b, d.c);
  if (!in_one_row<NormedConv2dDgrad>(p, Conv2dDgrad::name, gy.device())) return finished(conv2d_dgrad(gy, w, d), b, then);
  check_conv2d("biased_conv2d_dgrad", "gy", gy, y_shape(d), w, d);
  return joined<NormedConv2dDgrad>(p, gy, w, b, x_shape(d), conv2d_dgrad_gradients);
}

}  // namespace duel
