// A GAN on points of the plane: nets, optimisers and one training step, and what one asks of it afterwards.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apps/support/gan2d/points.h"
#include "apps/support/gan2d/settings.h"
#include "apps/support/metrics/prdc.h"

namespace duel {

// How good the points are: where modes can be counted, which were found; else precision and coverage (metrics/prdc.h), k = 5, of 1,000
// points against as many real ones that were not trained on.
struct PlaneScore {
  std::optional<ModeCount> modes;
  Prdc shares;
  double found() const;  // modes covered, or coverage
  double good() const;   // share of high-quality samples, or precision
  std::string text() const;
};

struct PlaneGan {
  Gan2dSettings settings;
  PointSource source;
  Generator g;
  Discriminator d;
  Optimizer opt_g, opt_d;
  Tensor step_on_device, real;
  GanStep gan_step;
  int64_t step = 0;  // done

  // Settings that check() has let pass. Weights from settings.seed.
  PlaneGan(const Gan2dSettings& settings, const PointSource& source, Device device = Device::cpu);
  PlaneGan(const PlaneGan&) = delete;  // gan_step refers to the nets

  void train_step();  // fresh real points, the step size of this step, then models/gan_step.cpp
  // Of the last step. Throws Error(numeric) where a loss is not finite.
  GanReport read() const;

  std::vector<float> generate(int64_t n) const;  // [n,2], the same noise each time; the first ones whatever n
  PlaneScore score() const;
};

}  // namespace duel
