#include "bench/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/draw.h"

namespace duel::bench {

double quantile(std::vector<double> values, double fraction) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const double at = fraction * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

double geometric_mean(const std::vector<double>& values) {
  double logs = 0;
  for (double v : values) logs += std::log(v);
  return values.empty() ? std::numeric_limits<double>::quiet_NaN() : std::exp(logs / static_cast<double>(values.size()));
}

Spread spread_of_median(const std::vector<double>& values, int resamples, uint64_t seed) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return {nan, nan, nan};
  Draw draw(seed);
  std::vector<double> medians, again(values.size());
  for (int i = 0; i < resamples; ++i) {
    for (double& v : again) v = values[draw.next() % values.size()];
    medians.push_back(median(again));
  }
  return {median(values), quantile(medians, 0.025), quantile(medians, 0.975)};
}

Ratio ratio_of_medians(const std::vector<double>& a, const std::vector<double>& b, int resamples, uint64_t seed) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (a.empty() || b.empty()) return {nan, nan, nan};
  Draw draw(seed);
  const auto again = [&](const std::vector<double>& from, std::vector<double>& to) {
    for (double& v : to) v = from[draw.next() % from.size()];
  };
  std::vector<double> ratios, x(a.size()), y(b.size());
  for (int i = 0; i < resamples; ++i) {
    again(a, x), again(b, y);
    ratios.push_back(median(x) / median(y));
  }
  return {median(a) / median(b), quantile(ratios, 0.025), quantile(ratios, 0.975)};
}

}  // namespace duel::bench
