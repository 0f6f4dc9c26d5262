// The leak meter: does an augmentation that only D should see show in the samples?
//
// A classifier, the probe, is trained on half of the real images, as they are and augmented, to tell the two. Then, with s(·) the share of
// images that it calls augmented,
//
//   leak = (s(samples) − s(real)) / (s(augmented real) − s(real))
//
// the last two on the half that it was not trained on: 0 for samples like the real images, 1 for samples like augmented ones, and λ for a
// mixture of (1 − λ) of the former with λ of the latter. It is the "adjusted count" of Forman, "Quantifying counts and costs via
// classification" (2008), equation 1, and not cut to [0, 1]: an estimate of 0 that could not be below would be too high on average.
#pragma once
#include <functional>
#include <string>

#include "apps/support/classify/state.h"
#include "apps/support/metrics/scores.h"
#include "augment/diff_augment.h"

namespace duel {

// x f32 [n,h,w,c] in [−1, 1], ids i32[n] → the same shape, each sample by draws of its own number.
using Augmentation = std::function<Tensor(const Tensor& x, const Tensor& ids)>;
Augmentation diff_augmentation(const DiffAugment& policy, int64_t seed);
Augmentation ada_augmentation(double p, int64_t seed);  // of a fixed p, from 0 to 1

// What a run of gan or cgan showed its D: the policy, or ADA at the p of the checkpoint. Its name is as its flag. Throws Error(usage) where
// the run had neither, or its p is 0; Error(data) where the file is no such checkpoint.
struct NamedAugmentation {
  std::string name;
  Augmentation apply;
};
NamedAugmentation augmentation_of_run(const std::string& checkpoint, int64_t seed);

// Each image augmented, in batches, and cut to what a picture can hold, as G's tanh cuts what it can make. Numbered from `first`.
Dataset augmented(const Dataset& images, const Augmentation& augmentation, Device device, int64_t first = 0);

struct Leak {
  double score;
  Interval interval;                // of the score, from Wilson's of s(samples) at 95 %; the other two shares count as known
  double samples, real, augmented;  // s of each
  int64_t n_samples, n_real;        // images in them
};
class LeakProbe {
 public:
  // Trains the probe on a half of the images drawn by training.seed, and looks at the other half. Throws Error(data) where there are fewer
  // than ten images, or the probe tells the two apart in less than a tenth of those that it was not trained on: then nothing can be said.
  LeakProbe(const Dataset& real, const Augmentation& augmentation, const ClassifySettings& training, Device device);
  // Throws Error(data) where there are no images, or they are of another size than the real ones.
  Leak operator()(const Dataset& samples) const;

 private:
  int64_t called_augmented(const Dataset& data) const;
  ClassifyState state_;
  std::string name_;
  int h_, w_, c_;
  int64_t n_real_;
  double real_, augmented_;
};

}  // namespace duel
