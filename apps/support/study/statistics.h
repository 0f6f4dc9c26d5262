// Statistics of a few paired numbers: how sure one can be that two ways of training differ.
//
// Student, "The probable error of a mean" (1908); Holm, "A simple sequentially rejective multiple test procedure" (1979); the sign-flip
// test is Fisher's, "The design of experiments" (1935), chapter III.
#pragma once
#include <span>
#include <vector>

namespace duel {

double mean_of(std::span<const double> values);       // NaN of none
double deviation_of(std::span<const double> values);  // over n − 1; NaN of fewer than two

// P(T ≤ t) of Student's distribution with so many degrees of freedom (> 0), and its inverse for 0 < p < 1.
double t_probability(double t, double freedom);
double t_quantile(double p, double freedom);

struct Estimate {
  double mean = 0, low = 0, high = 0;
};
// mean ± t·s/√n. The bounds are NaN where there are fewer than two values: one says nothing of how much they scatter.
Estimate mean_interval(std::span<const double> values, double confidence = 0.95);

// Whether a and b, of which a[i] and b[i] belong together, differ in the mean. Two-sided.
struct PairedTest {
  int n = 0;
  Estimate difference;  // a − b, 95 %
  double t = 0, p = 1;  // of the t-test on the differences; NaN with fewer than two pairs
  double p_signs = 1;  // the share of all 2ⁿ choices of signs whose sum is as far from 0: exact, but never below 2/2ⁿ. NaN above n = 20
};
// Where all differences are equal their scatter says nothing and p is p_signs, or 1 where they are 0. a and b of one length.
PairedTest paired_test(std::span<const double> a, std::span<const double> b);

// p values so adjusted that those below α, taken together, hold one false alarm or more with probability α at most. A NaN is not a test.
std::vector<double> holm(const std::vector<double>& p);

}  // namespace duel
