// An average of G's weights over its training, which makes better images than the last weights: Yazıcı et al., "The unusual effectiveness
// of averaging in GAN training" (2019); the ramp is that of many implementations.
#pragma once
#include "engine/grad.h"
#include "models/gan.h"

namespace duel {

//   w̄ ← d·w̄ + (1 − d)·w      d = min(decay, t/(9 + t)) with t steps done, this one among them, so that the first weights are soon forgotten
// BN's running statistics are copied.
struct Ema {
  Generator average;
  double decay = 0.999;
  Ema() = default;
  Ema(Generator& g, double decay);  // starts as g
  // step: i32[1] on g's device, the steps done, at least one. In place; part of a captured step.
  void update(Generator& g, const Tensor& step);
};

}  // namespace duel
