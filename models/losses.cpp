#include "models/losses.h"

#include <fmt/format.h>

namespace duel {
namespace {

Tensor filled(double value, const Tensor& like) {
  if (!(value >= 0 && value <= 1))
    fail(Failure::usage, fmt::format("[gan] a target of {}: targets lie in [0, 1], or the loss has no lower bound", value));
  return Tensor::full({}, value, like.dtype(), like.device());
}

Tensor to_target(AdversarialLoss loss, const Tensor& said, const Tensor& target) {
  if (loss == AdversarialLoss::least_squares) return mean(square(said - target)) * 0.5;
  return mean(bce_logits(said, target));
}

}  // namespace

bool has_targets(AdversarialLoss loss) {
  return loss == AdversarialLoss::non_saturating || loss == AdversarialLoss::minimax || loss == AdversarialLoss::least_squares;
}

bool says_probability(AdversarialLoss loss) { return loss == AdversarialLoss::non_saturating || loss == AdversarialLoss::minimax; }

Tensor d_loss_real(AdversarialLoss loss, const Tensor& t, const Tensor& real_is) {
  if (has_targets(loss)) return to_target(loss, t, real_is);
  return loss == AdversarialLoss::hinge ? mean(relu(affine(t, -1, 1))) : -mean(t);
}
Tensor d_loss_real(AdversarialLoss loss, const Tensor& t, double real_is) { return d_loss_real(loss, t, filled(real_is, t)); }

Tensor d_loss_fake(AdversarialLoss loss, const Tensor& t, const Tensor& fake_is) {
  if (has_targets(loss)) return to_target(loss, t, fake_is);
  return loss == AdversarialLoss::hinge ? mean(relu(affine(t, 1, 1))) : mean(t);
}
Tensor d_loss_fake(AdversarialLoss loss, const Tensor& t, double fake_is) { return d_loss_fake(loss, t, filled(fake_is, t)); }

Tensor g_loss(AdversarialLoss loss, const Tensor& t) {
  switch (loss) {
    case AdversarialLoss::non_saturating:
    case AdversarialLoss::least_squares:
      return to_target(loss, t, filled(1, t));
    case AdversarialLoss::minimax:
      return -to_target(loss, t, filled(0, t));
    case AdversarialLoss::hinge:
    case AdversarialLoss::wasserstein:
      break;
  }
  return -mean(t);
}

Tensor feature_matching(const Tensor& of_real, const Tensor& of_fake) {
  const auto expected = [](const Tensor& f) { return mean_per_channel(reshape(f, {f.shape()[0], f.count() / f.shape()[0]})); };
  return sum(square(expected(of_real) - expected(of_fake)));
}

}  // namespace duel
