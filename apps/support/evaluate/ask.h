// What can be asked of `evaluate`, and the flags that ask it.
#pragma once
#include <string>

#include "apps/support/command/cli.h"
#include "apps/support/judge/extractor.h"

namespace duel {

struct EvaluateAsk {
  std::string generated, real, train, test, extractor, classifier, which = "last", device = "auto", split = "train", out, diff_augment;
  int size = 0, margin = 0, rows = 12;
  int64_t n = 0, seed = 1, data_seed = 1;
  double holdout = 0.1;  // of the training images, for testing
  double ada = 0;        // p of an augmentation looked for
  bool json = false;
  ClassifySettings training;  // of a classifier that is trained for the answer

  Device open_device() const;
  Extractor open_extractor() const;
  SourceOptions options(const std::string& split, int channels) const;
  // The samples that are judged. What they were trained on is told by its own flag, so they are taken whole. A generator makes --n of them,
  // or without it 10,000, or `real` where those are fewer.
  Source open_generated(int channels, int64_t real = INT64_MAX, const std::string& split = "train") const;
  Source open_test(const std::string& from, int channels) const;
};

// Groups of flags; each command has those that it understands.
struct EvaluateFlags {
  CLI::App& command;
  EvaluateAsk& ask;
  EvaluateFlags& generated(const char* help);
  EvaluateFlags& real(const char* name, const char* help);
  EvaluateFlags& images();
  EvaluateFlags& split(const std::string& of);
  EvaluateFlags& extractor(const char* help, bool required = false);
  EvaluateFlags& json();
  EvaluateFlags& training();  // by the names that `classify train` gives them
};

}  // namespace duel
