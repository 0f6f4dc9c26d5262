// Exact nearest neighbours by Euclidean distance, for evaluation and for over-sampling.
//
// A matrix product on the default device says roughly how far apart rows are, block by block, so that memory is bounded: 512 × 4096
// products at a time. Whatever its rounding cannot rule out is measured again by squared_distance(). So the result is, to the bit, that of
// measuring all pairs, on any device and any number of threads.
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
  std::span<const int32_t> of(int64_t query) const {
    return std::span(index).subspan(static_cast<size_t>(query * count), static_cast<size_t>(count));
  }
};

// The `count` rows of `base` [n, d] nearest to each of `queries` [m, d]. Throws Error(usage) where n is below count, Error(numeric) where a
// row is not finite.
Neighbours nearest(std::span<const float> queries, std::span<const float> base, int64_t d, int count = 1);
// The `count` *other* rows nearest to each row of `rows` [n, d]; an equal row is a neighbour at distance 0, a row itself is none.
Neighbours nearest_others(std::span<const float> rows, int64_t d, int count = 1);

}  // namespace duel
