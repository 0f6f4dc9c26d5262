// How good a classifier is, from what it said about labelled images.
//
// Intervals are Wilson's: "Probable inference, the law of succession, and statistical inference" (1927), for a share k/n with confidence 95
// %.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "models/classifier.h"

namespace duel {

struct Interval {
  double low = 0, high = 1;
};
Interval wilson(int64_t k, int64_t n, double z = 1.959964);  // [0, 1] where n is 0

struct Scores {
  int classes = 0;
  std::vector<int64_t> counts;  // [true class, predicted class]

  explicit Scores(int classes = 0) : classes(classes), counts(static_cast<size_t>(classes) * static_cast<size_t>(classes)) {}
  void add(int truth, int said) { ++counts[static_cast<size_t>(truth) * static_cast<size_t>(classes) + static_cast<size_t>(said)]; }
  int64_t of(int truth) const;     // images of the class
  int64_t right(int truth) const;  // of those, rightly told
  int64_t total() const;
  int64_t right() const;
  double accuracy() const;           // NaN where there are no images
  double balanced_accuracy() const;  // mean recall of the classes that have images
  double recall(int truth) const;    // NaN where the class has none
  double g_mean() const;             // geometric mean of the recalls of the classes that have images
  double macro_f1() const;           // mean of their 2·right/(images + times said); 0 for a class that is never rightly told
};

// Class probabilities of images in [0, 255], NHWC, a row each; in batches that fit.
std::vector<float> predict(const Classifier& net, std::span<const uint8_t> images);
int best_class(std::span<const float> row);  // the first of the largest

// The net in Mode::infer on every image. Throws Error(numeric) when it says NaN.
Scores evaluate(const Classifier& net, const Dataset& data);

// Accuracy, balanced accuracy and recall by class, with intervals, as `eval` prints them.
std::string scores_text(const Scores& scores, const std::vector<std::string>& names);

}  // namespace duel
