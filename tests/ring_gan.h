// A GAN on a mixture of Gaussians in the plane, small enough to train many times.
#pragma once
#include "apps/support/metrics/modes.h"
#include "models/gan_step.h"

namespace duel::test {

struct RingRun {
  GanObjective objective;
  Norm d_norm = Norm::none;
  double sigma = 0.1;
  int steps = 5000, batch = 128;
  double lr = 3e-3, beta1 = 0.5, beta2 = 0.9;  // lr falls linearly to 0
};

struct RingResult {
  ModeCount found;
  double seconds;
};
RingResult train_on_ring(const RingRun& run, int64_t seed);

}  // namespace duel::test
