#include "engine/neighbours.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/distance.h"
#include "engine/grad.h"
#include "engine/ops.h"

namespace duel {
namespace {

constexpr int64_t queries_at_once = 512, base_at_once = 4096;
constexpr double infinity = std::numeric_limits<double>::infinity();

// Rows less a common centre, which takes nothing from distances and most of the rounding from ‖a‖² + ‖b‖² − 2ab.
struct Centred {
  std::vector<float> values;
  std::vector<double> norm;  // squared
};

Centred centred(std::span<const float> rows, const std::vector<float>& centre) {
  const int64_t d = static_cast<int64_t>(centre.size()), n = static_cast<int64_t>(rows.size()) / d;
  Centred out{std::vector<float>(rows.size()), std::vector<double>(static_cast<size_t>(n))};
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < n; ++i) {
    double norm = 0;
    for (int64_t k = 0; k < d; ++k) {
      const float value = rows[static_cast<size_t>(i * d + k)] - centre[static_cast<size_t>(k)];
      out.values[static_cast<size_t>(i * d + k)] = value;
      norm += static_cast<double>(value) * value;
    }
    out.norm[static_cast<size_t>(i)] = norm;
  }
  for (double norm : out.norm)
    if (!std::isfinite(norm)) fail(Failure::numeric, "[nearest] a row holds NaN or infinity; there is no distance to it");
  return out;
}

std::vector<float> mean_row(std::span<const float> rows, int64_t d) {
  std::vector<double> sum(static_cast<size_t>(d));
  for (size_t i = 0; i < rows.size(); i += sum.size())
    for (size_t k = 0; k < sum.size(); ++k) sum[k] += static_cast<double>(rows[i + k]);
  std::vector<float> mean;
  for (double s : sum) mean.push_back(static_cast<float>(s / (static_cast<double>(rows.size()) / static_cast<double>(d))));
  return mean;
}

// The base rows that may be among the `count` nearest of one query, as far as rounded distances tell.
class Shortlist {
 public:
  explicit Shortlist(size_t count) : count_(count) {}
  bool worth(double low) const { return low <= limit_; }
  void add(double low, double high, int32_t index) {
    candidates_.emplace_back(low, index);
    if (highest_.size() == count_) {
      if (high >= highest_.front()) return;
      std::pop_heap(highest_.begin(), highest_.end());
      highest_.back() = high;
    } else {
      highest_.push_back(high);
    }
    std::push_heap(highest_.begin(), highest_.end());
    if (highest_.size() == count_) limit_ = highest_.front();
    if (candidates_.size() > prune_at_) prune();
  }
  const std::vector<std::pair<double, int32_t>>& candidates() { return prune(), candidates_; }

 private:
  void prune() {
    std::erase_if(candidates_, [&](const auto& c) { return !worth(c.first); });
    prune_at_ = 2 * candidates_.size() + 256;
  }
  size_t count_, prune_at_ = 256;
  std::vector<double> highest_;  // a heap of the `count` smallest upper ends: so many rows are surely no farther than the largest of them
  double limit_ = infinity;
  std::vector<std::pair<double, int32_t>> candidates_;
};

Tensor rows_of(const Centred& from, int64_t first, int64_t count, int64_t d) {
  return Tensor::from_bytes({count, d}, DType::f32, from.values.data() + first * d);
}

// `others`: queries are the base, and a row is no neighbour of itself.
Neighbours search(std::span<const float> queries, std::span<const float> base, int64_t d, int count, bool others) {
  const int64_t m = static_cast<int64_t>(queries.size()) / d, n = static_cast<int64_t>(base.size()) / d;
  const std::vector<float> centre = mean_row(base, d);
  const Centred right = centred(base, centre), own = others ? Centred{} : centred(queries, centre);
  const Centred& left = others ? right : own;
  // |rounded − true| over ‖a‖² + ‖b‖². A product of d terms is off by d·2⁻²⁴ at most, in whatever order it was added up, three TF32
  // products by a few 2⁻²² more; squared_distance(), whose order decides, by 20·2⁻²⁴. Four times that, for comfort.
  const double slack = 4 * static_cast<double>(d + 64) * 0x1p-24, least = static_cast<double>(d) * 1e-36;  // least: where floats underflow
  Neighbours found{count, std::vector<int32_t>(static_cast<size_t>(m * count)), std::vector<double>(static_cast<size_t>(m * count))};
  const NoGrad stop;
  std::vector<float> products;
  for (int64_t first = 0; first < m; first += queries_at_once) {
    const int64_t rows = std::min(queries_at_once, m - first);
    const Tensor query = rows_of(left, first, rows, d);
    std::vector<Shortlist> lists(static_cast<size_t>(rows), Shortlist(static_cast<size_t>(count)));
    for (int64_t from = 0; from < n; from += base_at_once) {
      const int64_t columns = std::min(base_at_once, n - from);
      products.resize(static_cast<size_t>(rows * columns));
      matmul(query, rows_of(right, from, columns, d), false, true).copy_out(products.data());
#pragma omp parallel for schedule(static)
      for (int64_t i = 0; i < rows; ++i) {
        Shortlist& list = lists[static_cast<size_t>(i)];
        const double norm = left.norm[static_cast<size_t>(first + i)];
        const float* product = products.data() + i * columns;
        for (int64_t j = 0; j < columns; ++j) {
          const double norms = norm + right.norm[static_cast<size_t>(from + j)];
          const double middle = norms - 2 * static_cast<double>(product[j]), off = norms * slack + least;
          const double low = std::isfinite(product[j]) ? middle - off : -infinity;  // a product that overflowed rules nothing out
          if (!list.worth(low) || (others && from + j == first + i)) continue;
          list.add(low, std::isfinite(product[j]) ? middle + off : infinity, static_cast<int32_t>(from + j));
        }
      }
    }
#pragma omp parallel for schedule(dynamic, 8)
    for (int64_t i = 0; i < rows; ++i) {
      std::vector<std::pair<double, int32_t>> exact;
      for (const auto& [low, index] : lists[static_cast<size_t>(i)].candidates())
        exact.emplace_back(squared_distance(queries.data() + (first + i) * d, base.data() + index * d, d), index);
      std::partial_sort(exact.begin(), exact.begin() + count, exact.end());
      for (int64_t k = 0; k < count; ++k) {
        const size_t to = static_cast<size_t>((first + i) * count + k);
        found.index[to] = exact[static_cast<size_t>(k)].second;
        found.distance[to] = std::sqrt(exact[static_cast<size_t>(k)].first);
      }
    }
  }
  return found;
}

void check_rows(std::span<const float> rows, int64_t d, int64_t available, int count) {
  if (d < 1 || rows.size() % static_cast<size_t>(std::max<int64_t>(d, 1)) != 0)
    fail(Failure::usage, fmt::format("[nearest] {} numbers are no rows of {}; pass whole rows of one number at least", rows.size(), d));
  if (count < 1 || available < count)
    fail(Failure::usage, fmt::format("[nearest] the {} nearest of {} rows were asked for; take more rows, or fewer neighbours", count,
                                     std::max<int64_t>(available, 0)));
  if (available >= std::numeric_limits<int32_t>::max()) fail(Failure::usage, fmt::format("[nearest] {} rows; 2³¹ − 2 at most", available));
}

}  // namespace

Neighbours nearest(std::span<const float> queries, std::span<const float> base, int64_t d, int count) {
  check_rows(queries, d, count, count);
  check_rows(base, d, static_cast<int64_t>(base.size()) / std::max<int64_t>(d, 1), count);
  return search(queries, base, d, count, false);
}

Neighbours nearest_others(std::span<const float> rows, int64_t d, int count) {
  check_rows(rows, d, static_cast<int64_t>(rows.size()) / std::max<int64_t>(d, 1) - 1, count);
  return search(rows, rows, d, count, true);
}

}  // namespace duel
