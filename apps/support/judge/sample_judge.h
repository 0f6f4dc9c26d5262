// Distances of a generator's samples to the test images while it trains, as `evaluate compare` finds them.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "apps/support/generate/generated.h"
#include "apps/support/judge/comparison.h"
#include "apps/support/judge/extractor.h"

namespace duel {

class SampleJudge {
 public:
  // `data` is the name of what `test` is from. The same test images are taken each time: n, or as many as there are. The extractor must
  // outlive this. Throws Error(data) where the images are of another kind than it takes, Error(usage) where there are too few.
  SampleJudge(const Extractor& extractor, const std::string& data, const Dataset& test, int64_t n, int64_t seed);

  int64_t n() const { return real_.n; }  // samples that it wants
  // Of all samples, by the names of their measures (fcd, kid, score, precision, …), beside n, the extractor's hash and the resizer.
  nlohmann::ordered_json operator()(const Generated& samples);
  std::string text() const { return text_; }  // of the last judgement; empty before the first

 private:
  const Extractor& extractor_;
  FeatureSet real_;
  int64_t seed_;
  std::string text_;
};

}  // namespace duel
