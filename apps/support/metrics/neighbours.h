// Nearest training images: whether a generator repeats what it was shown.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace duel {

struct Neighbours {
  int count = 0;                 // of each query
  std::vector<int32_t> index;    // [queries, count], nearest first; of equally near ones the first
  std::vector<double> distance;  // [queries, count], Euclidean
  double nearest(int64_t query) const { return distance[static_cast<size_t>(query * count)]; }
};

// The `count` rows of `base` [n, d] nearest to each of `queries` [m, d]. The same bits on any number of threads. Throws Error(usage) where
// n is below count.
Neighbours nearest(std::span<const float> queries, std::span<const float> base, int64_t d, int count = 1);

struct Duplicates {
  double rate = 0;       // share of samples nearer to a training image than `threshold`
  double threshold = 0;  // 1st percentile of the test images' distances to their nearest training image, linear between ranks
  int64_t count = 0, samples = 0, tests = 0;
};

// What a real image that was never shown does in one of a hundred cases is no copying, so about one per cent is what honest samples score.
// Throws Error(data) where the threshold is 0, as then test images are training images, and nothing can be nearer.
Duplicates duplicate_rate(const Neighbours& samples, const Neighbours& tests);

}  // namespace duel
