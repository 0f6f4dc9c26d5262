#include "apps/support/gan_pictures.h"

#include <algorithm>
#include <cmath>

#include "apps/support/tiles.h"
#include "engine/grad.h"

namespace duel {

Tensor latents(const DcganGenerator& g, int64_t n, int64_t seed, RandomStream stream) {
  const Rng rng{seed, stream};
  return rng.normal({n, 1, 1, g.config.nz}, step_counter(0, g.layers[0].w.used().device()), 0, 1, g.config.precision);
}

std::vector<float> generate(const DcganGenerator& g, const Tensor& z) {
  NoGrad only_looking;
  std::vector<float> values;
  constexpr int64_t at_once = 64;
  for (int64_t from = 0; from < z.shape()[0]; from += at_once) {
    const Tensor x = cast(g(slice(z, from, std::min(z.shape()[0], from + at_once)), Mode::infer), DType::f32);
    const size_t before = values.size();
    values.resize(before + static_cast<size_t>(x.count()));
    x.copy_out(values.data() + before);
  }
  return values;
}

Image sample_grid(const DcganGenerator& g, const Tensor& z, int columns) {
  return make_grid(to_images(generate(g, z), g.config.size, g.config.size, g.config.channels), columns);
}

std::vector<double> slerp(const std::vector<double>& a, const std::vector<double>& b, double t) {
  double aa = 0, bb = 0, ab = 0;
  for (size_t i = 0; i < a.size(); ++i) aa += a[i] * a[i], bb += b[i] * b[i], ab += a[i] * b[i];
  const double angle = std::acos(std::clamp(ab / std::sqrt(aa * bb), -1.0, 1.0));
  const double from = angle < 1e-6 ? 1 - t : std::sin((1 - t) * angle) / std::sin(angle);  // nearly parallel: a line is the circle
  const double to = angle < 1e-6 ? t : std::sin(t * angle) / std::sin(angle);
  std::vector<double> result(a.size());
  for (size_t i = 0; i < a.size(); ++i) result[i] = from * a[i] + to * b[i];
  return result;
}

Image interpolation_grid(const DcganGenerator& g, int rows, int steps, int64_t seed) {
  const size_t nz = static_cast<size_t>(g.config.nz);
  const Tensor ends = latents(g, 2 * rows, seed, RandomStream::interpolation);
  const std::vector<double> all = ends.values();
  std::vector<double> walk;
  for (int row = 0; row < rows; ++row) {
    const std::vector<double> a(all.begin() + 2 * row * nz, all.begin() + (2 * row + 1) * nz),
        b(all.begin() + (2 * row + 1) * nz, all.begin() + (2 * row + 2) * nz);
    for (int i = 0; i < steps; ++i) {
      const std::vector<double> z = slerp(a, b, steps > 1 ? static_cast<double>(i) / (steps - 1) : 0);
      walk.insert(walk.end(), z.begin(), z.end());
    }
  }
  return sample_grid(g, Tensor::from({int64_t{rows} * steps, 1, 1, g.config.nz}, walk, g.config.precision, ends.device()), steps);
}

}  // namespace duel
