#include "apps/support/gan/pictures.h"

#include <algorithm>
#include <cmath>

#include "apps/support/images/class_name.h"
#include "apps/support/images/data.h"
#include "apps/support/images/tiles.h"
#include "engine/grad.h"

namespace duel {
namespace {

Tensor labels_of(const Generator& g, const std::vector<double>& labels) {
  if (!g.config.classes) return {};
  return Tensor::from({static_cast<int64_t>(labels.size())}, labels, DType::i32, g.device);
}

// Row i of z, once for each column.
Tensor repeated(const Tensor& z, int columns) {
  const int64_t rows = z.shape()[0], length = z.count() / rows;
  return reshape(upsample_nearest(reshape(z, {rows, 1, 1, length}), columns, 1), {rows * columns, 1, 1, length});
}

}  // namespace

Tensor noise(const Generator& g, int64_t n, int64_t seed, RandomStream stream) {
  return Rng{seed, stream}.normal({n, 1, 1, g.config.nz}, step_counter(0, g.device), 0, 1, g.config.precision);
}

Latents latents(const Generator& g, int64_t n, int64_t seed, RandomStream stream, int label) {
  std::vector<double> labels(static_cast<size_t>(n));
  for (int64_t i = 0; i < n && g.config.classes; ++i) labels[static_cast<size_t>(i)] = label < 0 ? i % g.config.classes : label;
  return {noise(g, n, seed, stream), labels_of(g, labels)};
}

Latents shown(const Generator& g, int64_t seed, int columns, int rows) {
  if (!g.config.classes) return {noise(g, int64_t{columns} * rows, seed, RandomStream::fixed_noise), {}};
  const Tensor one_row = noise(g, columns, seed, RandomStream::fixed_noise);
  std::vector<double> z, labels;
  const std::vector<double> values = one_row.values();
  for (int k = 0; k < g.config.classes; ++k)
    z.insert(z.end(), values.begin(), values.end()), labels.insert(labels.end(), static_cast<size_t>(columns), k);
  return {Tensor::from({static_cast<int64_t>(labels.size()), 1, 1, g.config.nz}, z, g.config.precision, g.device), labels_of(g, labels)};
}

std::vector<float> generate(const Generator& g, const Latents& from) {
  NoGrad only_looking;
  std::vector<float> values;
  constexpr int64_t at_once = 64;
  const int64_t n = from.z.shape()[0];
  for (int64_t i = 0; i < n; i += at_once) {
    const int64_t end = std::min(n, i + at_once);
    append(values, g(slice(from.z, i, end), {Mode::infer, from.labels ? slice(from.labels, i, end) : Tensor()}));
  }
  return values;
}

Image sample_grid(const Generator& g, const Latents& from, int columns) {
  return make_grid(to_images(generate(g, from), g.config.h, g.config.w, g.config.channels), columns);
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

Image interpolation_grid(const Generator& g, int rows, int steps, int64_t seed, int label) {
  const size_t nz = static_cast<size_t>(g.config.nz);
  const std::vector<double> all = noise(g, 2 * int64_t{rows}, seed, RandomStream::interpolation).values();
  std::vector<double> walk, labels;
  for (int row = 0; row < rows; ++row) {
    const std::vector<double> a(all.begin() + 2 * row * nz, all.begin() + (2 * row + 1) * nz),
        b(all.begin() + (2 * row + 1) * nz, all.begin() + (2 * row + 2) * nz);
    for (int i = 0; i < steps; ++i) {
      const std::vector<double> z = slerp(a, b, steps > 1 ? static_cast<double>(i) / (steps - 1) : 0);
      walk.insert(walk.end(), z.begin(), z.end());
      if (g.config.classes) labels.push_back(label < 0 ? row % g.config.classes : label);
    }
  }
  return sample_grid(
      g, {Tensor::from({int64_t{rows} * steps, 1, 1, g.config.nz}, walk, g.config.precision, g.device), labels_of(g, labels)}, steps);
}

Image class_walk_grid(const Generator& g, int rows, int steps, int64_t seed, const std::vector<int>& classes) {
  const ClassWalk walk = walk_through(classes, steps, g.config.classes);
  std::vector<double> labels;
  for (int r = 0; r < rows; ++r) labels.insert(labels.end(), walk.shares.begin(), walk.shares.end());
  const Tensor z = repeated(noise(g, rows, seed, RandomStream::interpolation), static_cast<int>(walk.pictures));
  return sample_grid(g, {z, Tensor::from({rows * walk.pictures, g.config.classes}, labels, DType::f32, g.device)},
                     static_cast<int>(walk.pictures));
}

}  // namespace duel
