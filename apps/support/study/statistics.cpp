#include "apps/support/study/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace duel {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method; converges fast for x < (a + 1)/(a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  const auto term = [&](int i) {  // 8.17.23
    const double m = i / 2;
    return i % 2 ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)) : m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
  };
  double c = 1, d = 0, f = 1;
  for (int i = 1; i < 10000; ++i) {
    d = 1 + term(i) * d, c = 1 + term(i) / c;
    if (std::abs(d) < tiny) d = tiny;
    if (std::abs(c) < tiny) c = tiny;
    d = 1 / d;
    f *= c * d;
    if (std::abs(c * d - 1) < 1e-15) break;
  }
  return 1 / f;
}

// I_x(a, b).
double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

// P(|T| ≥ |t|).
double both_tails(double t, double freedom) { return std::isinf(t) ? 0 : incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)); }

double sign_flips(const std::vector<double>& d) {
  constexpr size_t most = 20;
  if (d.empty() || d.size() > most) return nan;
  const double seen = std::abs(std::accumulate(d.begin(), d.end(), 0.0));
  double scale = 0;
  for (const double v : d) scale += std::abs(v);
  int64_t as_far = 0;
  const int64_t choices = int64_t{1} << d.size();
  for (int64_t signs = 0; signs < choices; ++signs) {
    double sum = 0;
    for (size_t i = 0; i < d.size(); ++i) sum += signs >> i & 1 ? -d[i] : d[i];
    as_far += std::abs(sum) >= seen - 1e-12 * scale;  // equal sums may be added up in another order
  }
  return static_cast<double>(as_far) / static_cast<double>(choices);
}

}  // namespace

double mean_of(std::span<const double> values) {
  return values.empty() ? nan : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double deviation_of(std::span<const double> values) {
  if (values.size() < 2) return nan;
  const double mean = mean_of(values);
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

double t_probability(double t, double freedom) {
  const double tail = both_tails(t, freedom) / 2;
  return t > 0 ? 1 - tail : tail;
}

double t_quantile(double p, double freedom) {
  if (p < 0.5) return -t_quantile(1 - p, freedom);
  double low = 0, high = 1;
  while (both_tails(high, freedom) / 2 > 1 - p) low = high, high *= 2;
  for (int i = 0; i < 200 && high - low > 1e-14 * high; ++i) {
    const double middle = (low + high) / 2;
    (both_tails(middle, freedom) / 2 > 1 - p ? low : high) = middle;
  }
  return (low + high) / 2;
}

Estimate mean_interval(std::span<const double> values, double confidence) {
  const double n = static_cast<double>(values.size()), mean = mean_of(values);
  if (values.size() < 2) return {mean, nan, nan};
  const double half = t_quantile(0.5 + confidence / 2, n - 1) * deviation_of(values) / std::sqrt(n);
  return {mean, mean - half, mean + half};
}

PairedTest paired_test(std::span<const double> a, std::span<const double> b) {
  std::vector<double> d;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) d.push_back(a[i] - b[i]);
  PairedTest test{.n = static_cast<int>(d.size()), .difference = mean_interval(d), .t = nan, .p = nan, .p_signs = sign_flips(d)};
  if (d.size() < 2) return test;
  const double error = deviation_of(d) / std::sqrt(static_cast<double>(d.size()));
  if (error > 1e-12 * std::abs(test.difference.mean)) {  // below this it is rounding
    test.t = test.difference.mean / error;
    test.p = both_tails(test.t, static_cast<double>(d.size() - 1));
  } else {
    test.p = test.difference.mean == 0 ? 1 : test.p_signs;
  }
  return test;
}

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<size_t> order;
  for (size_t i = 0; i < p.size(); ++i)
    if (!std::isnan(p[i])) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) { return p[i] < p[j]; });
  std::vector<double> adjusted(p.size(), nan);
  double largest = 0;
  for (size_t k = 0; k < order.size(); ++k) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(order.size() - k) * p[order[k]]));
    adjusted[order[k]] = largest;
  }
  return adjusted;
}

}  // namespace duel
