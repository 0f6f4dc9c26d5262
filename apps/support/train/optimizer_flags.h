// How a net's weights are moved: the settings that gan, cgan, gan2d and vae share.
#pragma once
#include <cstdint>
#include <string>

#include "apps/support/command/cli.h"
#include "engine/optim.h"

namespace duel {

struct OptimizerFlags {
  std::string optimizer = "adam", schedule = "constant";
  double lr = 2e-4, beta1 = 0.5, beta2 = 0.999, eps = 1e-8, weight_decay = 0;

  // Their names and help, as RunSettings wants them. In two parts, because a GAN has a second step size between them.
  template <class F>
  void each_of_step_size(F&& f) {
    f("optimizer", optimizer, "adam, adamw, rmsprop or sgd", true);
    f("lr", lr, "step size", true);
  }
  template <class F>
  void each_of_decay(F&& f) {
    f("beta1", beta1, "first decay of adam and adamw; momentum of sgd", true);
    f("beta2", beta2, "second decay of adam and adamw", true);
    f("eps", eps, "added outside the root of adam, adamw and rmsprop; Keras's is 1e-7", true);
    f("weight-decay", weight_decay, "L2 penalty, decoupled in adamw, which has 0.01 where none is given", true);
    f("schedule", schedule, "of the step size: constant, linear or cosine (both to 0 at the end)", true);
  }

  void settle(const CLI::App& app);  // of a new run: adamw's decay, where the command line asks for adamw and names none
  void check_optimizer() const;      // throws Error(usage) on numbers out of range and names of nothing
  OptimizerSettings optimizer_settings() const;
  double rate_at(int64_t step, int64_t total) const;         // a factor of the step size
  bool is_shaped() const { return schedule != "constant"; }  // the length of a run is part of what it computes
};

}  // namespace duel
