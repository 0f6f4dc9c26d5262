// Distances of a generator's samples to the test images while it trains, as `evaluate compare` finds them.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "apps/support/gan/state.h"
#include "apps/support/judge/comparison.h"
#include "apps/support/judge/extractor.h"

namespace duel {

class GanJudge {
 public:
  // settings.extractor is a run of classify. The same test images are taken each time: settings.eval_n, or as many as there are. Throws
  // Error(data) where the run is none or its images are of another kind, Error(usage) where there are no test images.
  GanJudge(const GanSettings& settings, const Dataset& test, Device device);

  // Of all samples, by the names of their measures (fcd, kid, score, precision, …), beside n and the hash of the extractor.
  nlohmann::ordered_json operator()(GanState& state);
  const std::string& extractor() const { return extractor_.hash(); }
  std::string text() const;  // of the last judgement; empty before the first

 private:
  Extractor extractor_;
  FeatureSet real_;
  int64_t seed_;
  std::string text_;
};

}  // namespace duel
