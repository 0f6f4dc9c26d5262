// Real points of the plane to train on: mixtures whose modes can be counted, two moons, and drawings of one's own.
#pragma once
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/support/metrics/modes.h"
#include "engine/tensor.h"

namespace duel {

// What one point is made of: three numbers uniform in [0, 1), two of the standard normal distribution.
struct PointDraw {
  std::array<double, 3> u;
  std::array<double, 2> z;
};

struct PointSource {
  std::string name;                // "ring of 8, σ = 0.1"
  std::optional<Mixture> mixture;  // where modes can be counted
  std::function<std::array<double, 2>(const PointDraw&)> place;

  // Points number `first`, `first` + 1, … of (seed, step), f32 [n,1,1,2]: the same ones whatever n. Step as of Rng, on the device that the
  // points are wanted on.
  Tensor draw(int64_t n, int64_t seed, const Tensor& step, int64_t first = 0) const;
};

PointSource points_of(const Mixture& mixture);
// Two interleaved half circles, those of scikit-learn's make_moons, centred and as wide as the ring: x in [−2, 2] but for noise of σ.
PointSource two_moons(double sigma);
// A picture (PNG or JPEG) whose dark pixels are the density: a pixel's share of the points is 1 − its luma. Or a CSV of points, x and y in
// the first two columns, a heading allowed; each is drawn as often as any other. Both are moved and scaled until the longer side is
// [−2, 2]; y points up. Throws Error(data) naming the file: unreadable, all white, fewer than two different points, no number.
PointSource drawing(const std::string& file);
// The points of such a CSV as they stand. Throws Error(data) likewise, but for no points.
std::vector<std::array<double, 2>> read_points(const std::string& file);

// ring (of `modes` on radius 2), grid (5 × 5 at spacing 2), moons, or a file with the ending .png, .jpg, .jpeg or .csv. Throws Error(usage)
// on another name, Error(data) as above.
PointSource open_points(const std::string& data, int modes, double sigma);

}  // namespace duel
