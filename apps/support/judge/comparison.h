// Everything that can be said about two sets of features, each number with its n, its extractor and its resizer.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/support/metrics/features.h"

namespace duel {

struct Measure {
  std::string key;       // "precision", "fcd"; "fid" where the extractor calls itself inception…
  std::string of_class;  // empty: of all
  double value = 0;
  double deviation = -1;  // below 0: none
  std::string over;       // what the deviation is over: "10 splits"
  int64_t n = 0;          // on each side
};

struct Comparison {
  std::string generated, real;
  Provenance from;
  std::vector<Measure> measures;
  std::vector<std::string> warnings;
  std::string text() const;  // a table
  nlohmann::ordered_json json() const;
};

constexpr int prdc_neighbours = 5, score_splits = 10, kid_subsets = 10, kid_subset = 1000;

// Of equally many samples each: Fréchet and kernel distance, the score where there are probabilities, precision, recall, density, coverage;
// the Fréchet distance by class where both sides have labels and a class more samples than features; with `train`, the duplicate rate, for
// which `real` must be held out. Throws Error(usage) where provenance differs or there are too few samples.
Comparison compare(const FeatureSet& generated, const FeatureSet& real, const FeatureSet* train, uint64_t seed);

// What stands beside every number.
nlohmann::ordered_json provenance_json(const Provenance& from);

}  // namespace duel
