#include "apps/support/metrics/score.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/error.h"

namespace duel {

Score classifier_score(std::span<const float> probabilities, int64_t k, int splits) {
  const int64_t n = k > 0 ? static_cast<int64_t>(probabilities.size()) / k : 0;
  if (splits < 1 || n < splits)
    fail(Failure::usage, fmt::format("a score over {} splits needs as many samples, not {}; take more", splits, n));
  std::vector<double> scores;
  for (int64_t split = 0; split < splits; ++split) {
    const int64_t from = split * n / splits, to = (split + 1) * n / splits;
    const double count = static_cast<double>(to - from);
    std::vector<double> marginal(static_cast<size_t>(k));
    for (int64_t i = from; i < to; ++i)
      for (int64_t c = 0; c < k; ++c)
        marginal[static_cast<size_t>(c)] += static_cast<double>(probabilities[static_cast<size_t>(i * k + c)]) / count;
    double divergence = 0;
    for (int64_t i = from; i < to; ++i)
      for (int64_t c = 0; c < k; ++c)
        if (const double p = probabilities[static_cast<size_t>(i * k + c)]; p > 0)
          divergence += p * (std::log(p) - std::log(marginal[static_cast<size_t>(c)])) / count;
    scores.push_back(std::exp(divergence));
  }
  const double mean = std::accumulate(scores.begin(), scores.end(), 0.0) / splits;
  double squares = 0;
  for (const double s : scores) squares += (s - mean) * (s - mean);
  return {mean, std::sqrt(squares / splits), splits};
}

}  // namespace duel
