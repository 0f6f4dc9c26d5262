#include "models/losses.h"

#include <fmt/format.h>

namespace duel {
namespace {

JudgedBy judge_of(AdversarialLoss loss) {
  switch (loss) {
    case AdversarialLoss::non_saturating:
    case AdversarialLoss::minimax:
      return JudgedBy::cross_entropy;
    case AdversarialLoss::least_squares:
      return JudgedBy::squares;
    case AdversarialLoss::hinge:
      return JudgedBy::hinge;
    case AdversarialLoss::wasserstein:
      break;
  }
  return JudgedBy::linear;
}

Tensor wide(const Tensor& t) { return cast(t, accumulator_of(t.dtype())); }

Tensor filled(double value, const Tensor& like) {
  if (!(value >= 0 && value <= 1))
    fail(Failure::usage, fmt::format("[gan] a target of {}: targets lie in [0, 1], or the loss has no lower bound", value));
  return Tensor::full({1}, value, accumulator_of(like.dtype()), like.device());
}

// One half of D's loss; `side` is the target of a loss that has none.
Tensor half_of(AdversarialLoss loss, const Tensor& t, const Tensor& target, double side) {
  const Tensor wanted = has_targets(loss) ? target : filled(side, t);
  return gan_loss(wide(t), reshape(wanted, wanted.count() == 1 ? Shape{1} : Shape{1, wanted.count()}), judge_of(loss)).loss;
}

}  // namespace

bool has_targets(AdversarialLoss loss) {
  return loss == AdversarialLoss::non_saturating || loss == AdversarialLoss::minimax || loss == AdversarialLoss::least_squares;
}

bool says_probability(AdversarialLoss loss) { return loss == AdversarialLoss::non_saturating || loss == AdversarialLoss::minimax; }

Tensor d_loss_real(AdversarialLoss loss, const Tensor& t, const Tensor& real_is) { return half_of(loss, t, real_is, 1); }
Tensor d_loss_real(AdversarialLoss loss, const Tensor& t, double real_is) { return d_loss_real(loss, t, filled(real_is, t)); }
Tensor d_loss_fake(AdversarialLoss loss, const Tensor& t, const Tensor& fake_is) { return half_of(loss, t, fake_is, 0); }
Tensor d_loss_fake(AdversarialLoss loss, const Tensor& t, double fake_is) { return d_loss_fake(loss, t, filled(fake_is, t)); }

Judged d_judged(AdversarialLoss loss, const Tensor& on_both, const Tensor& targets) {
  return gan_loss(wide(on_both), targets, judge_of(loss));
}

double g_target(AdversarialLoss loss) { return loss == AdversarialLoss::minimax ? 0 : 1; }

Judged g_judged(AdversarialLoss loss, const Tensor& on_fake, const Tensor& target) {
  const JudgedBy by = loss == AdversarialLoss::hinge ? JudgedBy::linear : judge_of(loss);
  Judged judged = gan_loss(wide(on_fake), target, by);
  if (loss == AdversarialLoss::minimax) judged.loss = -judged.loss;
  return judged;
}
Tensor g_loss(AdversarialLoss loss, const Tensor& t) { return g_judged(loss, t, filled(g_target(loss), t)).loss; }

Tensor feature_matching(const Tensor& of_real, const Tensor& of_fake) {
  const auto expected = [](const Tensor& f) { return mean_per_channel(reshape(f, {f.shape()[0], f.count() / f.shape()[0]})); };
  return sum(square(expected(of_real) - expected(of_fake)));
}

}  // namespace duel
