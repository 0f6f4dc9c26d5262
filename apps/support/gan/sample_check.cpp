#include "apps/support/gan/sample_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/distance.h"
#include "kernels/error.h"

namespace duel {
namespace {

struct Within {
  double mean_pairwise, median_nearest;
};

// Every row is worked by one thread and the rows are added in order, so the thread count shows nowhere.
Within within(std::span<const float> images, int64_t size) {
  const int64_t n = static_cast<int64_t>(images.size()) / size;
  std::vector<double> row_sum(n), nearest(n);
#pragma omp parallel for schedule(dynamic, 4)
  for (int64_t i = 0; i < n; i++) {
    double sum = 0, least = std::numeric_limits<double>::infinity();
    for (int64_t j = 0; j < n; j++) {
      if (j == i) continue;
      const double d = std::sqrt(squared_distance(&images[i * size], &images[j * size], size));
      sum += d;
      least = std::min(least, d);
    }
    row_sum[i] = sum;
    nearest[i] = least;
  }
  double total = 0;
  for (double s : row_sum) total += s;
  std::sort(nearest.begin(), nearest.end());
  return {total / (static_cast<double>(n) * (n - 1)), (nearest[(n - 1) / 2] + nearest[n / 2]) / 2};
}

double mean_nearest(std::span<const float> images, std::span<const float> train, int64_t size) {
  const int64_t n = static_cast<int64_t>(images.size()) / size, t = static_cast<int64_t>(train.size()) / size;
  constexpr int64_t queries = 8;  // share one pass over the training images, which do not fit the cache
  std::vector<double> nearest(n, std::numeric_limits<double>::infinity());
#pragma omp parallel for schedule(dynamic, 1)
  for (int64_t first = 0; first < n; first += queries) {
    const int64_t last = std::min(n, first + queries);
    for (int64_t j = 0; j < t; j++)
      for (int64_t i = first; i < last; i++) nearest[i] = std::min(nearest[i], squared_distance(&images[i * size], &train[j * size], size));
  }
  double total = 0;
  for (double d : nearest) total += std::sqrt(d);
  return total / n;
}

bool finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

}  // namespace

std::string Check::bound() const { return fmt::format("{} {:.3f}", at_least ? "≥" : "≤", threshold); }

std::string Check::line() const {
  return fmt::format("{:<9} {:>7.3f}  {}  {}  {}", name, value, bound(), passed() ? "pass" : "FAIL", meaning);
}

std::array<Check, 3> SampleCheck::checks() const {
  return {
      Check{"spread", "how far apart the samples lie from each other, relative to real images; low: they all look alike", spread, .7, true},
      Check{"nearest", "how far each sample is from its nearest twin, relative to real images; low: a few images repeat", nearest, .5,
            true},
      Check{"fidelity", "how far each sample is from the nearest training image, relative to real images; high: noise", fidelity, 1.6,
            false}};
}

bool SampleCheck::passed() const {
  const auto all = checks();
  return std::all_of(all.begin(), all.end(), [](const Check& c) { return c.passed(); });
}

SampleCheck check_samples(std::span<const float> samples, std::span<const float> test, std::span<const float> train, int64_t size) {
  if (size <= 0 || samples.size() % size || test.size() % size || train.size() % size)
    fail(Failure::usage, fmt::format("[sample_check] {} + {} + {} values are not whole images of {} values; pass [n, h·w·c] three times",
                                     samples.size(), test.size(), train.size(), size));
  const size_t two = 2 * static_cast<size_t>(size);
  if (samples.size() < two || test.size() < two || train.empty())
    fail(Failure::usage, fmt::format("[sample_check] needs 2 samples, 2 test images and a training image at least, got {}, {} and {}",
                                     samples.size() / size, test.size() / size, train.size() / size));
  if (!finite(test) || !finite(train))
    fail(Failure::data, "[sample_check] a real image holds a NaN or an Inf; check how the data set was scaled");
  const Within real = within(test, size);
  const double real_fidelity = mean_nearest(test, train, size);
  if (!(real.mean_pairwise > 0 && real.median_nearest > 0 && real_fidelity > 0))
    fail(Failure::data,
         "[sample_check] the test images repeat each other or the training images, so nothing can be measured against them; "
         "pass held-out images that differ");
  if (!finite(samples)) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return {nan, nan, nan};
  }
  const Within made = within(samples, size);
  return {made.mean_pairwise / real.mean_pairwise, made.median_nearest / real.median_nearest,
          mean_nearest(samples, train, size) / real_fidelity};
}

}  // namespace duel
