// Weights for tests that hold a net against another program's: what flows through stays about 1, and no part of a norm is 0 or 1, so
// nothing can go missing unnoticed.
#pragma once
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace duel::test {

// Uniform in mean ± spread, a function of the seed.
inline std::vector<double> drawn_values(int64_t count, double mean, double spread, uint64_t seed) {
  std::vector<double> values(static_cast<size_t>(count));
  for (double& v : values) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    v = mean + spread * (static_cast<double>(seed >> 33) / static_cast<double>(uint64_t{1} << 30) - 1);
  }
  return values;
}

// For the tensor of that name, "0.gamma", whose first axis has `first` entries.
inline std::vector<double> shaken(const std::string& name, int64_t count, int64_t first, uint64_t seed) {
  const bool weight = name.ends_with("w"), positive = name.ends_with("var") || name.ends_with("gamma");
  return drawn_values(count, positive ? 1 : 0, weight ? 1.7 / std::sqrt(static_cast<double>(count) / static_cast<double>(first)) : 0.5,
                      seed);
}

}  // namespace duel::test
