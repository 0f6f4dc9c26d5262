// How often values lie where: bins of equal width.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace duel {

struct Histogram {
  double low = 0, high = 1;     // bin i holds low + i·width ≤ v < low + (i + 1)·width, and the last one `high` as well
  std::vector<int64_t> counts;  // at least one bin
  int64_t total() const;
  double width() const { return (high - low) / static_cast<double>(counts.size()); }
  double middle(size_t bin) const { return low + (static_cast<double>(bin) + 0.5) * width(); }
};

// Of the finite values between low and high; others are left out. Throws Error(internal) unless bins ≥ 1 and low < high, both finite.
Histogram histogram(std::span<const double> values, int bins, double low, double high);
// From the least to the largest finite value; where all are equal to v, v ± ½ max(1, |v|), and without any finite value [0, 1].
Histogram histogram(std::span<const double> values, int bins);

}  // namespace duel
