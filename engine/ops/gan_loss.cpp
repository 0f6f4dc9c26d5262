// The loss of a GAN and its gradient by what D says in one launch; where that gradient is not asked for by itself, it takes another. When
// the derivative is itself recorded, or taken by the targets, it is composed from differentiable ops instead; a test holds the two equal.
#include "kernels/gan_loss/gan_loss.h"

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

Tensor in_groups(const Tensor& t, const GanLossProblem& p) { return reshape(t, {p.groups, p.rows}); }
Tensor of_targets(const Tensor& y, const GanLossProblem& p) { return reshape(y, {p.groups, p.own_targets ? p.rows : 1}); }
Tensor each_one(const Tensor& g, const GanLossProblem& p) { return g * (1.0 / static_cast<double>(p.rows)); }

// g·∂ℓ/∂t/rows, in ops that differentiate again.
Tensor composed_by_t(const Tensor& given, const Tensor& targets, const Tensor& g, const GanLossProblem& p) {
  const Tensor t = in_groups(given, p), y = of_targets(targets, p), side = affine(y, 2, -1);
  Tensor slope;
  if (p.by == JudgedBy::cross_entropy) slope = sub(sigmoid(t), y);
  if (p.by == JudgedBy::squares) slope = sub(t, y);
  if (p.by == JudgedBy::hinge) slope = neg(mul(step(affine(mul(t, side), -1, 1)), side));
  if (p.by == JudgedBy::linear) slope = neg(broadcast_to(side, t.shape()));
  return reshape(mul(slope, each_one(g, p)), given.shape());
}

// g·∂ℓ/∂y/rows, likewise.
Tensor composed_by_targets(const Tensor& given, const Tensor& targets, const Tensor& g, const GanLossProblem& p) {
  const Tensor t = in_groups(given, p), y = of_targets(targets, p);
  Tensor slope;
  if (p.by == JudgedBy::cross_entropy) slope = neg(t);
  if (p.by == JudgedBy::squares) slope = sub(y, t);
  if (p.by == JudgedBy::hinge) slope = mul(step(affine(mul(t, affine(y, 2, -1)), -1, 1)), affine(t, -2, 0));
  if (p.by == JudgedBy::linear) slope = affine(t, -2, 0);
  return reshape(sum_to(mul(slope, each_one(g, p)), y.shape()), targets.shape());
}

}  // namespace

Judged gan_loss(const Tensor& t, const Tensor& targets, JudgedBy by) {
  check_like("gan_loss", t, targets);
  const int64_t groups = targets.shape().rank() ? targets.shape()[0] : 1;
  const bool own = targets.count() == t.count() && targets.count() != groups;
  check(t.dtype() != DType::bf16, "gan_loss", "wants f32 or f64, not {}; cast() it first", t);
  check(t.count() >= 1 && groups >= 1 && t.count() % groups == 0 && (own || targets.count() == groups), "gan_loss",
        "{} has one target for each of its groups, or for each value, not {}", t, targets);
  const GanLossProblem problem{
      .rows = t.count() / groups, .groups = static_cast<int>(groups), .by = by, .own_targets = own, .dtype = t.dtype()};
  Tensor loss({}, t.dtype(), t.device()), said({groups, 3}, t.dtype(), t.device()), gt(t.shape(), t.dtype(), t.device());
  dispatch<GanLoss>(problem, {t.data(), targets.data(), loss.data(), said.data(), gt.data()}, t.device());
  loss = record("gan_loss", loss, {t, targets}, [=](const Tensor&, const Tensor& g, Needs needs) {
    Tensors by(2);
    if (needs[1]) by[1] = composed_by_targets(t, targets, g, problem);
    if (needs[0] && recording()) {
      by[0] = composed_by_t(t, targets, g, problem);
    } else if (needs[0] && is_known_one(g)) {
      by[0] = gt;
    } else if (needs[0]) {
      by[0] = Tensor(t.shape(), t.dtype(), t.device());
      dispatch<GanLossGrad>(problem, {t.data(), targets.data(), g.data(), by[0].data()}, t.device());
    }
    return by;
  });
  return {loss, said};
}

}  // namespace duel
