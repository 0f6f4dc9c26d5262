#include "apps/support/gan/adversarial_settings.h"

#include <cmath>

#include "apps/support/run/settings.h"
#include "apps/support/train/schedule.h"

namespace duel {
namespace {

constexpr const char* norms_of_d[] = {"none", "batch", "layer", "instance", "spectral"};  // in the order of Norm
constexpr const char* optimizer_names[] = {"sgd", "rmsprop", "adam", "adamw"};            // in the order of OptimizerKind

}  // namespace

void AdversarialSettings::check_adversarial() const {
  want(lr_d >= 0 && std::isfinite(lr_d), fmt::format("--lr-d {}: above 0, or 0 for that of G", lr_d));
  want(beta1 >= 0 && beta1 < 1, fmt::format("--beta1 {}: from 0 to below 1", beta1));
  want(beta2 >= 0 && beta2 < 1, fmt::format("--beta2 {}: from 0 to below 1", beta2));
  want(weight_decay >= 0 && std::isfinite(weight_decay), fmt::format("--weight-decay {}: at least 0", weight_decay));
  want(smooth >= 0 && smooth < 0.5, fmt::format("--smooth {}: from 0 to below 0.5", smooth));
  choice<OptimizerKind>("--optimizer", optimizer, optimizer_names), schedule_of(schedule);
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

OptimizerSettings AdversarialSettings::optimizer_of_g() const {
  return {.kind = choice<OptimizerKind>("--optimizer", optimizer, optimizer_names),
          .lr = lr,
          .momentum = beta1,
          .beta1 = beta1,
          .beta2 = beta2,
          .weight_decay = weight_decay};
}
OptimizerSettings AdversarialSettings::optimizer_of_d() const {
  OptimizerSettings settings = optimizer_of_g();
  if (lr_d > 0) settings.lr = lr_d;
  return settings;
}

double AdversarialSettings::rate_at(int64_t step, int64_t total) const { return schedule_factor(schedule_of(schedule), step, total); }

}  // namespace duel
