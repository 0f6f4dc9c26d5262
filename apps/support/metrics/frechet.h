// The Fréchet distance between two sets of features, each taken for a Gaussian:
//
//   d² = ‖μ₁ − μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr √(√Σ₁ Σ₂ √Σ₁)
//
// Dowson & Landau, "The Fréchet distance between multivariate normal distributions" (1982), equation 4; as a measure of generators Heusel,
// Ramsauer, Unterthiner, Nessler & Hochreiter, "GANs trained by a two time-scale update rule converge to a local Nash equilibrium" (2017),
// equation 6, who take the features of Inception v3. Only with those is it called FID; with a classifier trained here it is FCD, the
// Fréchet classifier distance.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace duel {

struct Moments {
  int64_t n = 0, d = 0;
  std::vector<double> mean;        // [d]
  std::vector<double> covariance;  // [d, d], divided by n − 1
};

// Of features [n, d], in double; the same bits on any number of threads. Throws Error(usage) where n < 2.
Moments moments(std::span<const float> features, int64_t d);

// The root of the matrix by eigendecomposition in double; eigenvalues below 0, which rounding makes, count as 0, and so does a distance.
double frechet(const Moments& a, const Moments& b);  // throws Error(usage) where d differs

// The distance is biased upwards while the covariance has few samples (Chong & Forsyth, "Effectively unbiased FID and Inception Score and
// where to find them", 2020); below ten samples a dimension whoever shows it should say so.
constexpr bool too_few_for_frechet(int64_t n, int64_t d) { return n < 10 * d; }

}  // namespace duel
