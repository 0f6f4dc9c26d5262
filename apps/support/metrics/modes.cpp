#include "apps/support/metrics/modes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "kernels/error.h"

namespace duel {

Mixture ring_of_gaussians(double sigma, int modes, double radius) {
  Mixture ring{fmt::format("ring of {}", modes), {}, sigma};
  for (int i = 0; i < modes; ++i) {
    const double angle = 2 * std::numbers::pi * i / modes;
    ring.centres.push_back({radius * std::cos(angle), radius * std::sin(angle)});
  }
  return ring;
}

Mixture grid_of_gaussians(double sigma, int side, double spacing) {
  Mixture grid{fmt::format("grid of {0} by {0}", side), {}, sigma};
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) grid.centres.push_back({spacing * (x - (side - 1) / 2.0), spacing * (y - (side - 1) / 2.0)});
  return grid;
}

std::string ModeCount::text() const {
  return fmt::format("{} of {} modes covered, {:.1f} % of {} samples within 3 σ, σ = {:g}", covered, modes, 100 * high_quality, n, sigma);
}

ModeCount count_modes(std::span<const float> points, const Mixture& mixture, int64_t least) {
  if (points.empty() || points.size() % 2 || mixture.centres.empty() || !(mixture.sigma > 0))
    fail(Failure::usage, fmt::format("[count_modes] {} coordinates, {} centres, σ = {}; pass [n, 2] points, centres and a positive σ",
                                     points.size(), mixture.centres.size(), mixture.sigma));
  ModeCount count{.modes = static_cast<int>(mixture.centres.size()),
                  .of_modes = std::vector<int64_t>(mixture.centres.size()),
                  .n = static_cast<int64_t>(points.size() / 2),
                  .sigma = mixture.sigma};
  for (size_t i = 0; i < points.size(); i += 2) {
    double least_distance = std::numeric_limits<double>::infinity();
    size_t mode = 0;
    for (size_t m = 0; m < mixture.centres.size(); ++m) {
      const auto& [x, y] = mixture.centres[m];
      if (const double d = std::hypot(points[i] - x, points[i + 1] - y); d < least_distance) least_distance = d, mode = m;
    }
    count.of_modes[mode] += least_distance <= 3 * mixture.sigma;
  }
  count.covered = static_cast<int>(std::count_if(count.of_modes.begin(), count.of_modes.end(), [&](int64_t n) { return n >= least; }));
  count.high_quality =
      static_cast<double>(std::accumulate(count.of_modes.begin(), count.of_modes.end(), int64_t{0})) / static_cast<double>(count.n);
  return count;
}

}  // namespace duel
