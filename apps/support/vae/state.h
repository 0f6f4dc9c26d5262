// Everything a VAE's run must remember to go on bit for bit.
#pragma once
#include "apps/support/run/state.h"
#include "apps/support/vae/settings.h"
#include "engine/data/dataset.h"

namespace duel {

struct VaeState : RunState<VaeSettings> {
  std::vector<std::string> classes;  // their names
  int margin = 0;                    // of the training images
  Vae net;
  std::optional<Ema<Vae>> average;  // with --ema
  Optimizer optimizer;
  std::string judged_by;  // hash of the extractor that judges the run's samples, or is part of its loss; empty without one
  Tensor sums;            // f32 [VaeReport::size], of the steps since the last look at the test images
  int64_t seen_at = 0;    // steps done at that look

  // settings.channels known; weights from settings.seed.
  VaeState(const VaeSettings& settings, const Dataset& train, Device device);
  void save(const std::string& path) override;
  void load(const std::string& path) override;
  void set_rate(double factor);  // of the step size
  const Vae& shown();            // the net, or its average where there is one
  // The step on batches in x, and labels where the net is conditional. `by`: the net of the extractor.
  VaeStep training_step(const Tensor& x, const Tensor& labels, const Classifier* by = nullptr);

 private:
  void each(const TensorVisit& f);
};

// Only the net, for looking at it, on any device and with any rows.
struct TrainedVae {
  VaeSettings settings;
  std::vector<std::string> classes;
  Vae net;
  int64_t step = 0;
  int margin = 0;  // around each of its images
  Origin origin;
  TrainedVae(const std::string& path, Device device);
  explicit TrainedVae(VaeState& run);  // of a run that is under way, sharing its weights
};

}  // namespace duel
