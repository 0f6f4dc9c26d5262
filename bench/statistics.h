// Statistics of repeated timings. Times are skewed to the right (interrupts only ever add), so medians, never means.
#pragma once
#include <cstdint>
#include <vector>

namespace duel::bench {

double median(std::vector<double> values);                     // of an even count: the mean of the middle two; NaN of none
double quantile(std::vector<double> values, double fraction);  // linear between neighbours (type 7 of Hyndman & Fan, 1996); NaN of none
double geometric_mean(const std::vector<double>& values);      // of positive numbers; NaN of none

struct Spread {
  double middle = 0;
  double low = 0, high = 0;  // 95 % interval of the median
  double width() const { return (high - low) / middle; }
};
Spread spread_of_median(const std::vector<double>& values, int resamples = 1000, uint64_t seed = 1);  // by bootstrap, as below

struct Ratio {
  double value = 0;          // median(a) / median(b)
  double low = 0, high = 0;  // its 95 % interval
};
// The interval is the percentile bootstrap's (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13): both samples are
// drawn again with replacement, `resamples` times. The same samples and seed give the same interval. NaN when a sample is empty.
Ratio ratio_of_medians(const std::vector<double>& a, const std::vector<double>& b, int resamples = 2000, uint64_t seed = 1);

}  // namespace duel::bench
