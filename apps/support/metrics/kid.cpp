#include "apps/support/metrics/kid.h"

#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/data/batches.h"
#include "kernels/error.h"

namespace duel {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Floats = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

constexpr int64_t tile = 256;  // samples each way that are multiplied at once

// Σ k(xᵢ, yⱼ); for x against itself without the pairs i = j. Each strip of rows is one thread's, and strips are added in order.
double kernel_sum(const Floats& x, const Floats& y, bool itself) {
  const double d = static_cast<double>(x.cols());
  const int64_t strips = (x.rows() + tile - 1) / tile;
  std::vector<double> sums(static_cast<size_t>(strips));
#pragma omp parallel for schedule(dynamic, 1)
  for (int64_t strip = 0; strip < strips; ++strip) {
    const int64_t top = strip * tile;
    const Matrix rows = x.middleRows(top, std::min<int64_t>(tile, x.rows() - top)).cast<double>();
    double sum = 0;
    for (int64_t left = 0; left < y.rows(); left += tile) {
      const Matrix columns = y.middleRows(left, std::min<int64_t>(tile, y.rows() - left)).cast<double>();
      const Matrix kernel = ((rows * columns.transpose()).array() / d + 1).cube();
      sum += kernel.sum();
      if (itself && left == top) sum -= kernel.trace();
    }
    sums[static_cast<size_t>(strip)] = sum;
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

std::vector<float> drawn(std::span<const float> x, int64_t d, int size, uint64_t seed, int64_t draw) {
  const std::vector<int32_t> order = permutation(static_cast<int32_t>(static_cast<int64_t>(x.size()) / d), seed, draw);
  std::vector<float> out;
  for (int i = 0; i < size; ++i) {
    const auto row = x.subspan(static_cast<size_t>(order[static_cast<size_t>(i)] * d), static_cast<size_t>(d));
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

}  // namespace

double kid(std::span<const float> x, std::span<const float> y, int64_t d) {
  const int64_t m = static_cast<int64_t>(x.size()) / d, n = static_cast<int64_t>(y.size()) / d;
  if (m < 2 || n < 2)
    fail(Failure::usage, fmt::format("a kernel distance needs 2 samples on each side at least, not {} and {}; take more images", m, n));
  const Floats a(x.data(), m, d), b(y.data(), n, d);
  const double dm = static_cast<double>(m), dn = static_cast<double>(n);
  return kernel_sum(a, a, true) / (dm * (dm - 1)) + kernel_sum(b, b, true) / (dn * (dn - 1)) - 2 * kernel_sum(a, b, false) / (dm * dn);
}

double kid_deviation(std::span<const float> x, std::span<const float> y, int64_t d, int subsets, int size, uint64_t seed) {
  const int64_t fewest = static_cast<int64_t>(std::min(x.size(), y.size())) / d;
  if (subsets < 2 || size < 2 || fewest < size)
    fail(Failure::usage, fmt::format("[kid] {} subsets of {} out of {} samples; at least 2 of 2, out of no fewer", subsets, size, fewest));
  std::vector<double> values;
  for (int i = 0; i < subsets; ++i) values.push_back(kid(drawn(x, d, size, seed, 2 * i), drawn(y, d, size, seed, 2 * i + 1), d));
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / subsets;
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return std::sqrt(squares / (subsets - 1));
}

}  // namespace duel
