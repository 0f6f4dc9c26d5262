#include "apps/support/train/optimizer_flags.h"

#include <cmath>

#include "apps/support/command/flags.h"
#include "apps/support/run/settings.h"
#include "apps/support/train/schedule.h"

namespace duel {
namespace {

constexpr const char* optimizer_names[] = {"sgd", "rmsprop", "adam", "adamw"};  // in the order of OptimizerKind
constexpr double decay_of_adamw = 0.01;                                         // Loshchilov & Hutter's, and PyTorch's

}  // namespace

void OptimizerFlags::settle(const CLI::App& app) {
  if (optimizer == "adamw" && weight_decay == 0 && was_given(app, "optimizer") && !was_given(app, "weight-decay"))
    weight_decay = decay_of_adamw;
}

void OptimizerFlags::check_optimizer() const {
  want(beta1 >= 0 && beta1 < 1, fmt::format("--beta1 {}: from 0 to below 1", beta1));
  want(beta2 >= 0 && beta2 < 1, fmt::format("--beta2 {}: from 0 to below 1", beta2));
  want(eps > 0 && eps < 1, fmt::format("--eps {}: above 0, below 1", eps));
  want(weight_decay >= 0 && std::isfinite(weight_decay), fmt::format("--weight-decay {}: at least 0", weight_decay));
  choice<OptimizerKind>("--optimizer", optimizer, optimizer_names), schedule_of(schedule);
}

OptimizerSettings OptimizerFlags::optimizer_settings() const {
  return {.kind = choice<OptimizerKind>("--optimizer", optimizer, optimizer_names),
          .lr = lr,
          .momentum = beta1,
          .beta1 = beta1,
          .beta2 = beta2,
          .eps = eps,
          .weight_decay = weight_decay};
}

double OptimizerFlags::rate_at(int64_t step, int64_t total) const { return schedule_factor(schedule_of(schedule), step, total); }

}  // namespace duel
