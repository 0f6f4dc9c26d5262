// The loss of a GAN in one launch, its gradient in another. When the derivative is itself recorded, it is composed from differentiable ops
// instead; a test holds the two equal.
#include "kernels/gan_loss/gan_loss.h"

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

// g·ℓ′(t, y)/rows of t [groups, rows], in ops that differentiate again.
Tensor composed_gradient(const Tensor& given, const Tensor& targets, const Tensor& g, const GanLossProblem& p) {
  const Tensor t = reshape(given, {p.groups, p.rows}), y = reshape(targets, {p.groups, p.own_targets ? p.rows : 1});
  const Tensor side = affine(y, 2, -1);
  Tensor slope;
  if (p.by == JudgedBy::cross_entropy) slope = sub(sigmoid(t), y);
  if (p.by == JudgedBy::squares) slope = sub(t, y);
  if (p.by == JudgedBy::hinge) slope = neg(mul(step(affine(mul(t, side), -1, 1)), side));
  if (p.by == JudgedBy::linear) slope = neg(broadcast_to(side, t.shape()));
  return reshape(mul(slope, g * (1.0 / static_cast<double>(p.rows))), given.shape());
}

}  // namespace

Judged gan_loss(const Tensor& t, const Tensor& targets, JudgedBy by) {
  check_like("gan_loss", t, targets);
  const int64_t groups = targets.shape().rank() ? targets.shape()[0] : 1;
  const bool own = targets.count() == t.count() && targets.count() != groups;
  check(t.dtype() != DType::bf16, "gan_loss", "wants f32 or f64, not {}; cast() it first", t);
  check(t.count() >= 1 && groups >= 1 && t.count() % groups == 0 && (own || targets.count() == groups), "gan_loss",
        "{} has one target for each of its groups, or for each value, not {}", t, targets);
  check(!targets.node(), "gan_loss", "a target has no derivative here, and {} would need one; detach() it", targets);
  const GanLossProblem problem{
      .rows = t.count() / groups, .groups = static_cast<int>(groups), .by = by, .own_targets = own, .dtype = t.dtype()};
  Tensor loss({}, t.dtype(), t.device()), said({groups, 3}, t.dtype(), t.device());
  dispatch<GanLoss>(problem, {t.data(), targets.data(), loss.data(), said.data()}, t.device());
  loss = record("gan_loss", loss, {t}, [=](const Tensor&, const Tensor& g, Needs) {
    if (recording()) return Tensors{composed_gradient(t, targets, g, problem)};
    Tensor gt(t.shape(), t.dtype(), t.device());
    dispatch<GanLossGrad>(problem, {t.data(), targets.data(), g.data(), gt.data()}, t.device());
    return Tensors{gt};
  });
  return {loss, said};
}

}  // namespace duel
