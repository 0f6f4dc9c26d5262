#include "apps/support/metrics/neighbours.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "apps/support/metrics/distance.h"
#include "kernels/error.h"

namespace duel {
namespace {

constexpr int64_t at_once = 8;  // queries share one pass over the base, which does not fit the cache

double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double rank = share * static_cast<double>(values.size() - 1);
  const size_t below = static_cast<size_t>(rank), above = std::min(below + 1, values.size() - 1);
  return values[below] + (rank - static_cast<double>(below)) * (values[above] - values[below]);
}

std::vector<double> nearest_of_each(const Neighbours& of) {
  std::vector<double> values;
  for (size_t i = 0; i < of.distance.size(); i += static_cast<size_t>(of.count)) values.push_back(of.distance[i]);
  return values;
}

}  // namespace

Neighbours nearest(std::span<const float> queries, std::span<const float> base, int64_t d, int count) {
  const int64_t m = static_cast<int64_t>(queries.size()) / d, n = static_cast<int64_t>(base.size()) / d;
  if (count < 1 || n < count)
    fail(Failure::usage, fmt::format("the {} nearest of {} training images were asked for; take more training images", count, n));
  Neighbours found{count, std::vector<int32_t>(static_cast<size_t>(m * count)), std::vector<double>(static_cast<size_t>(m * count))};
#pragma omp parallel for schedule(dynamic, 1)
  for (int64_t first = 0; first < m; first += at_once) {
    const int64_t last = std::min(m, first + at_once);
    std::vector<std::vector<std::pair<double, int32_t>>> best(static_cast<size_t>(last - first));  // ascending, at most `count`
    for (int64_t j = 0; j < n; ++j)
      for (int64_t i = first; i < last; ++i) {
        auto& list = best[static_cast<size_t>(i - first)];
        const std::pair<double, int32_t> one{squared_distance(queries.data() + i * d, base.data() + j * d, d), static_cast<int32_t>(j)};
        if (static_cast<int>(list.size()) == count) {
          if (one.first >= list.back().first) continue;
          list.pop_back();
        }
        list.insert(std::upper_bound(list.begin(), list.end(), one), one);
      }
    for (int64_t i = first; i < last; ++i)
      for (int64_t k = 0; k < count; ++k) {
        const auto& [squared, index] = best[static_cast<size_t>(i - first)][static_cast<size_t>(k)];
        found.index[static_cast<size_t>(i * count + k)] = index;
        found.distance[static_cast<size_t>(i * count + k)] = std::sqrt(squared);
      }
  }
  return found;
}

Duplicates duplicate_rate(const Neighbours& samples, const Neighbours& tests) {
  if (samples.distance.empty() || tests.distance.empty())
    fail(Failure::usage, "a duplicate rate needs a sample and a test image at least; take more images");
  const std::vector<double> made = nearest_of_each(samples), real = nearest_of_each(tests);
  Duplicates d{
      .threshold = percentile(real, 0.01), .samples = static_cast<int64_t>(made.size()), .tests = static_cast<int64_t>(real.size())};
  if (d.threshold <= 0)
    fail(Failure::data,
         "a hundredth of the test images is no distance at all from the training images, so no sample can be nearer: pass test images that "
         "were held out, or another extractor if this one cannot tell them apart");
  d.count = std::count_if(made.begin(), made.end(), [&](double distance) { return distance < d.threshold; });
  d.rate = static_cast<double>(d.count) / static_cast<double>(d.samples);
  return d;
}

}  // namespace duel
