// Everything a GAN run must remember to go on bit for bit: both nets, both optimisers, G's average, and where it was in its data and noise.
#pragma once
#include "apps/support/gan/settings.h"
#include "apps/support/run/state.h"
#include "augment/ada.h"
#include "engine/data/dataset.h"
#include "models/gan_step.h"

namespace duel {

struct GanState : RunState<GanSettings> {
  std::vector<std::string> classes;  // their names
  int margin = 0;                    // of the training images
  Generator g;
  Discriminator d;
  Optimizer opt_g, opt_d;
  std::optional<Ema<Generator>> average;
  std::optional<AdaController> ada;  // with --ada
  std::string judged_by;             // hash of the extractor whose distances the run keeps its best by; empty without one

  GanState(const GanSettings& settings, const Dataset& train, Device device);  // settings.channels known; weights from settings.seed
  void save(const std::string& path) override;
  void load(const std::string& path) override;
  void set_rate(double factor);     // of both step sizes
  const Generator& shown();         // G, or its average where there is one
  void each(const TensorVisit& f);  // every tensor but step_on_device
};

// Only the generator (its average, where the run kept one) and the settings, for sampling, on any device and with any rows.
struct TrainedGan {
  GanSettings settings;
  std::vector<std::string> classes;
  Generator g;
  int64_t step = 0;
  int margin = 0;  // around each of its images
  Origin origin;
  TrainedGan(const std::string& path, Device device);
  explicit TrainedGan(GanState& run);  // of a run that is under way, sharing its weights
};

}  // namespace duel
