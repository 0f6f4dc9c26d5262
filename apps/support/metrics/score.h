// The score of Salimans, Goodfellow, Zaremba, Cheung, Radford & Chen, "Improved techniques for training GANs" (2016), section 4:
// exp E KL(p(y|x) ‖ p(y)), from 1 (all samples look alike to the classifier, or none is told) to the number of classes. Only with Inception
// v3 it is the Inception score.
#pragma once
#include <cstdint>
#include <span>

namespace duel {

struct Score {
  double mean = 0, deviation = 0;  // over the splits; the deviation divides by their number, as the paper's program does
  int splits = 0;
};

// probabilities [n, k] of samples in random order, cut into `splits` parts, each with its own p(y). Throws Error(usage) where n < splits.
Score classifier_score(std::span<const float> probabilities, int64_t k, int splits = 10);

}  // namespace duel
