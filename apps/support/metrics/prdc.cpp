#include "apps/support/metrics/prdc.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "engine/distance.h"
#include "kernels/error.h"

namespace duel {
namespace {

constexpr int64_t queries = 8;  // share one pass over the other set, which does not fit the cache

// Calls f(i, j, squared distance) for all rows i of a and j of b; one thread sees all of a row, j in ascending order.
template <class F>
void each_pair(std::span<const float> a, std::span<const float> b, int64_t d, F&& f) {
  const int64_t m = static_cast<int64_t>(a.size()) / d, n = static_cast<int64_t>(b.size()) / d;
#pragma omp parallel for schedule(dynamic, 1)
  for (int64_t first = 0; first < m; first += queries)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t i = first; i < std::min(m, first + queries); ++i) f(i, j, squared_distance(a.data() + i * d, b.data() + j * d, d));
}

// Squared distance of each row to its k-th nearest other row.
std::vector<double> squared_radii(std::span<const float> x, int64_t d, int k) {
  const size_t n = x.size() / static_cast<size_t>(d);
  std::vector<std::vector<double>> nearest(n);  // max-heaps of at most k
  each_pair(x, x, d, [&](int64_t i, int64_t j, double distance) {
    if (i == j) return;
    std::vector<double>& heap = nearest[static_cast<size_t>(i)];
    if (static_cast<int>(heap.size()) == k) {
      if (distance >= heap.front()) return;
      std::pop_heap(heap.begin(), heap.end()), heap.pop_back();
    }
    heap.push_back(distance), std::push_heap(heap.begin(), heap.end());
  });
  std::vector<double> radii(n);
  for (size_t i = 0; i < n; ++i) radii[i] = nearest[i].front();
  return radii;
}

}  // namespace

Prdc prdc(std::span<const float> real, std::span<const float> made, int64_t d, int k) {
  if (real.size() != made.size())
    fail(Failure::usage, fmt::format("[prdc] {} real images and {} samples; take equally many", static_cast<int64_t>(real.size()) / d,
                                     static_cast<int64_t>(made.size()) / d));
  const int64_t n = static_cast<int64_t>(real.size()) / d;
  if (k < 1) fail(Failure::usage, fmt::format("[prdc] {} neighbours; at least 1", k));
  if (n <= k)
    fail(Failure::usage,
         fmt::format("precision and recall look at the {} nearest neighbours, so {} images are too few; take {} at least", k, n, k + 1));
  const std::vector<double> real_radii = squared_radii(real, d, k), made_radii = squared_radii(made, d, k);
  std::vector<int64_t> real_balls(static_cast<size_t>(n));  // of a sample: balls of real images that it lies in
  std::vector<uint8_t> held(static_cast<size_t>(n)), covered(static_cast<size_t>(n));
  each_pair(made, real, d, [&](int64_t i, int64_t j, double distance) {
    real_balls[static_cast<size_t>(i)] += distance <= real_radii[static_cast<size_t>(j)];
  });
  each_pair(real, made, d, [&](int64_t i, int64_t j, double distance) {
    if (distance <= made_radii[static_cast<size_t>(j)]) held[static_cast<size_t>(i)] = 1;
    if (distance <= real_radii[static_cast<size_t>(i)]) covered[static_cast<size_t>(i)] = 1;
  });
  auto share = [&](auto count) { return static_cast<double>(count) / static_cast<double>(n); };
  int64_t in_any = 0, in_all = 0, recalled = 0, reached = 0;
  for (size_t i = 0; i < static_cast<size_t>(n); ++i)
    in_any += real_balls[i] > 0, in_all += real_balls[i], recalled += held[i], reached += covered[i];
  return {share(in_any), share(recalled), share(in_all) / k, share(reached)};
}

}  // namespace duel
