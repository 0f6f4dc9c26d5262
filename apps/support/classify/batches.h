// The batches that a classifier is trained on: drawn, augmented and mixed as its settings say. Everything random in them is a pure function
// of the seed, the place in the data and the step, so a resumed run sees the same ones.
#pragma once
#include <optional>
#include <vector>

#include "apps/support/classify/state.h"
#include "augment/mix.h"
#include "engine/data/batches.h"
#include "engine/data/sampling.h"

namespace duel {

class ClassifyBatches {
 public:
  // `order` is where the run is in its data; next() moves it on. A balanced sampler keeps its place, in an order of its own. `total`: steps
  // of the whole run. Throws Error(usage) where a class has no images, and balance or class weights were asked for.
  ClassifyBatches(const ClassifySettings& settings, const Dataset& train, Device device, Shuffler& order, int64_t total);

  // Fills the tensors for the step after `step`.
  void next(int64_t step);

  Tensor x;       // f32 [batch,h,w,channels] in [−1, 1]
  Tensor labels;  // i32 [batch]
  // As ClassifyStep has them; undefined where the settings need none.
  Tensor weight, partner_labels, partner_weight;

  // The step that reads them.
  ClassifyStep step_of(ClassifyState& state) const;

 private:
  Tensor images(const std::vector<int32_t>& ids);  // of pixels_, augmented
  void mix(const Tensor& images, int step);
  void weigh(const Mixing& how);
  bool pairing_now() const;

  const ClassifySettings settings_;
  const Dataset& train_;
  Device device_;
  Shuffler& order_;
  Recipe recipe_;
  double epochs_;                        // of the whole run
  std::optional<IndexStream> balanced_;  // of --sampler balanced
  std::vector<double> class_weights_;    // empty: all 1
  std::vector<uint8_t> pixels_;          // of the batch
  std::vector<int32_t> classes_;
};

}  // namespace duel
