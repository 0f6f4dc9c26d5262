#include "apps/support/gan/adversarial_settings.h"

#include <cmath>

#include "apps/support/command/choice.h"
#include "apps/support/run/settings.h"

namespace duel {
namespace {

constexpr const char* norms_of_d[] = {"none", "batch", "layer", "instance", "spectral"};  // in the order of Norm

}  // namespace

void AdversarialSettings::check_adversarial() const {
  want(lr_d >= 0 && std::isfinite(lr_d), fmt::format("--lr-d {}: above 0, or 0 for that of G", lr_d));
  check_optimizer();
  want(smooth >= 0 && smooth < 0.5, fmt::format("--smooth {}: from 0 to below 0.5", smooth));
}

GanObjective AdversarialSettings::objective() const {
  return {.loss = choice<AdversarialLoss>("--loss", loss, loss_names),
          .penalty = choice<Penalty>("--penalty", penalty, penalty_names),
          .penalty_weight = penalty_weight,
          .clip = clip,
          .real_is = 1 - smooth,
          .label_noise = label_noise,
          .instance_noise = instance_noise,
          .noise_steps = noise_steps,
          .matching = feature_matching,
          .l1 = l1,
          .critic_steps = critic_steps,
          .accumulate = accumulate};
}

Norm AdversarialSettings::norm_of_d() const { return choice<Norm>("--d-norm", d_norm, norms_of_d); }

Init AdversarialSettings::initial(Init otherwise) const { return init.empty() ? otherwise : choice<Init>("--init", init, init_names); }

OptimizerSettings AdversarialSettings::optimizer_of_d() const {
  OptimizerSettings settings = optimizer_of_g();
  if (lr_d > 0) settings.lr = lr_d;
  return settings;
}

}  // namespace duel
