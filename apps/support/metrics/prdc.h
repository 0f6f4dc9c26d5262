// Four shares that tell apart how real samples look and how much of the real variety they have. Each image carries the ball that reaches
// its k-th nearest neighbour in its own set.
//
//   precision   samples that lie in the ball of some real image      Kynkäänniemi, Karras, Laine, Lehtinen & Aila, "Improved precision and
//   recall      real images that lie in the ball of some sample      recall metric for assessing generative models" (2019), equations 1, 2
//   density     balls of real images that a sample lies in, over k   Naeem, Oh, Uh, Choi & Yoo, "Reliable fidelity and diversity metrics
//   for coverage    real images whose ball holds some sample             generative models" (2020), equations 3 and 4
//
// A ball holds its surface, as in the first paper's equation 1.
#pragma once
#include <cstdint>
#include <span>

namespace duel {

struct Prdc {
  double precision = 0, recall = 0, density = 0, coverage = 0;
};

// real and made [n, d] of equal n. Work is O(n²·d); the same bits on any number of threads. Throws Error(usage) where n differs or n ≤ k.
Prdc prdc(std::span<const float> real, std::span<const float> made, int64_t d, int k = 5);

}  // namespace duel
