// Everything a classifier's run must remember to go on bit for bit.
#pragma once
#include "apps/support/classify/settings.h"
#include "apps/support/run/state.h"
#include "engine/data/dataset.h"
#include "models/classify_step.h"

namespace duel {

struct ClassifyState : RunState<ClassifySettings> {
  std::vector<std::string> classes;  // their names
  Classifier net;
  Optimizer optimizer;
  Tensor loss_sum;      // f32 [], the losses of the steps since the last look at the test images
  int64_t seen_at = 0;  // steps done at that look

  // settings.channels known; weights from settings.seed.
  ClassifyState(const ClassifySettings& settings, const Dataset& train, Device device);
  void save(const std::string& path) override;
  void load(const std::string& path) override;

 private:
  void each(const TensorVisit& f);
};

// Only the net, for evaluation, on any device and with any rows.
struct TrainedClassifier {
  ClassifySettings settings;
  std::vector<std::string> classes;
  Classifier net;
  int64_t step = 0;
  TrainedClassifier(const std::string& path, Device device);
};

}  // namespace duel
