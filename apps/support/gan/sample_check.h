// Three numbers that say whether a set of generated images is plausible, each relative to what real held-out images score on the same
// measure. They are cheap and need no network; they catch collapse, copying of a few images, blur towards the mean, and noise. They do not
// replace a Fréchet or precision/recall measure. Distances are Euclidean over all values of an image.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "apps/support/report/check.h"

namespace duel {

struct SampleCheck {
  double spread = 0;    // mean distance between two samples / the same of the test images
  double nearest = 0;   // median distance to the nearest other sample / the same of the test images
  double fidelity = 0;  // mean distance to the nearest training image / the same of the test images

  std::array<Check, 3> checks() const;  // with thresholds: spread ≥ .7, nearest ≥ .5, fidelity ≤ 1.6
  bool passed() const;                  // all three; a NaN fails
};

// samples [n, size], test [m, size], train [t, size]: float images in [−1, 1], size = h·w·c values each. Meant for n = m = 256, t = 10,000;
// n and m should be equal, since the nearest of fewer images is further away. The training images must not contain the test images.
// Work is O((n + m)·t·size): about a second for 28×28 on two cores. The same bits on any number of threads.
// A NaN or Inf among the samples makes all three numbers NaN. Throws Failure::usage for fewer than 2 samples or test images, no training
// image, or spans that are no multiple of `size`; Failure::data where the real images hold a NaN or are all alike.
SampleCheck check_samples(std::span<const float> samples, std::span<const float> test, std::span<const float> train, int64_t size);

}  // namespace duel
