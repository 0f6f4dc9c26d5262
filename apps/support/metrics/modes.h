// Mixtures of Gaussians in the plane, where one can count which modes a generator found.
//
// The ring and the grid are those of Srivastava, Valkov, Russell, Gutmann & Sutton, "VEEGAN: reducing mode collapse in GANs using implicit
// variational learning" (2017), section 5.1: 2,500 samples; a sample is of high quality within three standard deviations of the nearest
// centre. A mode counts as covered by 20 such samples, so that a stray one does not. σ belongs beside every number: others are easy or
// hard.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace duel {

struct Mixture {
  std::string name;
  std::vector<std::array<double, 2>> centres;
  double sigma = 0;
};
Mixture ring_of_gaussians(double sigma, int modes = 8, double radius = 2);  // the first at (radius, 0), counterclockwise
Mixture grid_of_gaussians(double sigma, int side = 5, double spacing = 2);  // around 0, rows upwards

constexpr int64_t mode_samples = 2500;  // the convention

struct ModeCount {
  int modes = 0, covered = 0;
  double high_quality = 0;        // share of the samples
  std::vector<int64_t> of_modes;  // high-quality samples whose nearest centre it is
  int64_t n = 0;
  double sigma = 0;
  std::string text() const;  // "7 of 8 modes covered, 93.2 % of 2500 samples within 3 σ, σ = 0.02"
};

// points [n, 2]; a point that is not finite is near no centre. Throws Error(usage) without points, centres or a positive σ.
ModeCount count_modes(std::span<const float> points, const Mixture& mixture, int64_t least = 20);

}  // namespace duel
