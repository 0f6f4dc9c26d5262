// Features of images: the penultimate layer of a trained classifier, and its class probabilities.
#pragma once
#include <string>

#include "apps/support/classify/state.h"
#include "apps/support/judge/source.h"
#include "apps/support/metrics/features.h"

namespace duel {

class Extractor {
 public:
  // `from` is a run folder of classify, or a checkpoint in one; `which` its checkpoint, last or best.
  Extractor(const std::string& from, const std::string& which, Device device);

  const Classifier& net() const { return trained_.net; }
  const ClassifierConfig& config() const { return net().config; }
  const std::vector<std::string>& classes() const { return trained_.classes; }  // that it tells apart
  // 64 bits of its kind, its precision, what images it takes, and the bytes of all its tensors: 16 hexadecimal digits.
  const std::string& hash() const { return hash_; }
  const std::string& name() const { return name_; }  // "lenet of runs/c, step 4690"

  // The net in Mode::infer on every image, which is brought to its size by fit(). The resizer is "none" where no pixel is resampled: the
  // size is right, or 28×28 is padded to 32×32. Else it is "duel-triangle from HxW". A features file is handed through, once it is known to
  // come from this extractor. Throws Error(usage) where it does not, Error(data) where images cannot be brought to the size, Error(numeric)
  // on NaN.
  FeatureSet operator()(const Source& source) const;

 private:
  TrainedClassifier trained_;
  std::string hash_, name_;
};

}  // namespace duel
