// How two nets are trained against each other: the settings that gan, cgan and gan2d share, and what is made of them.
#pragma once
#include <string>

#include "apps/support/train/optimizer_flags.h"
#include "models/gan_step.h"

namespace duel {

struct AdversarialSettings : OptimizerFlags {
  std::string loss = "non-saturating", penalty = "none", d_norm = "batch", init;
  double penalty_weight = 10, clip = 0, smooth = 0, label_noise = 0, instance_noise = 0, feature_matching = 0, l1 = 0;
  int64_t noise_steps = 10000;
  int critic_steps = 1, accumulate = 1;
  double lr_d = 0;

  // Their names and help, as RunSettings wants them. In two parts, because programs have other settings between them.
  template <class F>
  void each_of_objective(F&& f) {
    f("loss", loss, "non-saturating, minimax, least-squares, hinge or wasserstein", true);
    f("critic-steps", critic_steps, "steps of D to a step of G", true);
    f("accumulate", accumulate, "batches whose gradients are averaged for one update, each seen by itself", true);
    f("penalty", penalty, "on D's gradient: none, wgan-gp, r1 or dragan", true);
    f("penalty-weight", penalty_weight, "its weight", true);
    f("clip", clip, "keep D's weights in [-clip, clip]; 0: leave them", true);
    f("smooth", smooth, "one-sided label smoothing: D is to call real images 1 - smooth", true);
    f("label-noise", label_noise, "D's targets move towards each other by up to this", true);
    f("instance-noise", instance_noise, "standard deviation of noise on all that D sees, falling to 0", true);
    f("noise-steps", noise_steps, "steps in which it falls", true);
    f("feature-matching", feature_matching, "weight of feature matching in G's loss", true);
    f("l1", l1, "weight of the sum of absolute weights in both losses", true);
  }
  template <class F>
  void each_of_optimizer(F&& f) {
    each_of_step_size(f);
    f("lr-d", lr_d, "D's own step size; 0: that of G", true);
    each_of_decay(f);
  }

  void check_adversarial() const;  // throws Error(usage) on numbers out of range; names are looked at where they are asked for
  GanObjective objective() const;
  Norm norm_of_d() const;
  Init initial(Init otherwise) const;  // `otherwise` where none was asked for
  int batches_a_step() const { return critic_steps * accumulate; }
  OptimizerSettings optimizer_of_g() const { return optimizer_settings(); }
  OptimizerSettings optimizer_of_d() const;
};

}  // namespace duel
