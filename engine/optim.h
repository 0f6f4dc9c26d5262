// Optimisers: one multi-tensor kernel call a step for a whole net. State is tensors, so a checkpoint holds all of it.
//
//   sgd      v ← μv + g;  p ← p − lr·v
//   rmsprop  v ← αv + (1−α)g²;  p ← p − lr·g/(√v + ε)                       Tieleman & Hinton (2012); ε outside the root
//   adam     Kingma & Ba (2015), with bias correction, ε outside the root;  decoupled weight decay: AdamW, Loshchilov & Hutter (2019)
#pragma once
#include <functional>
#include <string>

#include "engine/tensor.h"

namespace duel {

enum class OptimizerKind { sgd, rmsprop, adam, adamw };

struct OptimizerSettings {
  OptimizerKind kind = OptimizerKind::adam;
  double lr = 2e-4;
  double momentum = 0;                // sgd
  double alpha = 0.99;                // rmsprop
  double beta1 = 0.5, beta2 = 0.999;  // adam, adamw: DCGAN's, Radford et al. (2016)
  double eps = 1e-8;
  double weight_decay = 0;
};

class Optimizer {
 public:
  Optimizer() = default;
  // Parameters f32 (or f64), updated in place. `copies`, when given, are bf16 tensors of the same shapes (or undefined, one by one) that
  // follow the parameters. Steps are counted in `counter` (step_counter()), which the draws of a training step may be numbered by too;
  // undefined: in one of its own.
  Optimizer(OptimizerSettings settings, Tensors params, Tensors copies = {}, Tensor counter = {});
  void step(const Tensors& gradients);  // one a parameter, in order; throws Error(usage) on a shape that differs
  void set_lr(double lr);               // takes effect at the next step, also in a captured one
  // Every tensor of the state with its name ("a.0", …, "b.0", …, "step"), for checkpoints.
  void each(const std::function<void(const std::string& name, Tensor& t)>& f);
  const OptimizerSettings& settings() const { return settings_; }
  bool counts_in(const Tensor& counter) const { return step_.data() == counter.data(); }

 private:
  OptimizerSettings settings_;
  Tensors params_, copies_, a_, b_;
  Tensor lr_, step_;
};

}  // namespace duel
