#include "engine/histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/error.h"

namespace duel {

int64_t Histogram::total() const { return std::accumulate(counts.begin(), counts.end(), int64_t{0}); }

Histogram histogram(std::span<const double> values, int bins, double low, double high) {
  if (bins < 1 || !(low < high) || !std::isfinite(high - low))
    fail(Failure::internal, "[histogram] wants bins, and a finite range that is not empty");
  Histogram h{low, high, std::vector<int64_t>(static_cast<size_t>(bins))};
  for (const double v : values)
    if (v >= low && v <= high) ++h.counts[static_cast<size_t>(std::min<double>(bins - 1, (v - low) / (high - low) * bins))];
  return h;
}

Histogram histogram(std::span<const double> values, int bins) {
  double low = INFINITY, high = -INFINITY;
  for (const double v : values)
    if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  if (low > high) return histogram(values, bins, 0, 1);
  if (!std::isfinite(high - low)) low /= 2, high /= 2;  // values near the largest double: their outer halves are left out
  if (low == high || !(low < low + (high - low) / bins)) {
    const double half = 0.5 * std::max(1.0, std::abs(low));
    low -= half, high += half;
  }
  return histogram(values, bins, low, high);
}

}  // namespace duel
