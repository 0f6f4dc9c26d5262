// Whether a generator repeats what it was shown.
#pragma once
#include "engine/neighbours.h"

namespace duel {

struct Duplicates {
  double rate = 0;       // share of samples nearer to a training image than `threshold`
  double threshold = 0;  // 1st percentile of the test images' distances to their nearest training image, linear between ranks
  int64_t count = 0, samples = 0, tests = 0;
};

// What a real image that was never shown does in one of a hundred cases is no copying, so about one per cent is what honest samples score.
// Throws Error(data) where the threshold is 0, as then test images are training images, and nothing can be nearer.
Duplicates duplicate_rate(const Neighbours& samples, const Neighbours& tests);

}  // namespace duel
