// The statistics that benches print.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "bench/statistics.h"
#include "kernels/draw.h"

using namespace duel;
using namespace duel::bench;

TEST_CASE("medians, quantiles, geometric means") {
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 3, 2}) == 2.5);
  CHECK(median({7}) == 7);
  CHECK(std::isnan(median({})));
  CHECK(quantile({10, 20, 30, 40, 50}, 0) == 10);
  CHECK(quantile({10, 20, 30, 40, 50}, 1) == 50);
  CHECK(quantile({10, 20, 30, 40, 50}, 0.1) == doctest::Approx(14));  // as numpy.quantile
  CHECK(geometric_mean({1, 4, 16}) == doctest::Approx(4));
  CHECK(std::isnan(geometric_mean({})));
}

TEST_CASE("the spread of a median is narrow where times agree, wide where they do not, and one outlier does not widen it") {
  const Spread still = spread_of_median({10, 10, 10, 10, 10, 10, 900});
  CHECK(still.middle == 10);
  CHECK(still.width() == 0);
  const Spread restless = spread_of_median({10, 14, 9, 15, 10, 13, 8});
  CHECK(restless.middle == 10);
  CHECK(restless.low >= 8);
  CHECK(restless.low < 10);
  CHECK(restless.high > 10);
  CHECK(restless.width() > 0.1);
  CHECK(std::isnan(spread_of_median({}).width()));
}

TEST_CASE("one outlier does not move a ratio") {
  const std::vector<double> a{2, 2, 2, 2, 2, 2, 2, 900}, b{1, 1, 1, 1, 1, 1, 1};
  CHECK(ratio_of_medians(a, b).value == 2);
  CHECK(std::isnan(ratio_of_medians(a, {}).value));
}

TEST_CASE("the 95 % interval holds the true ratio about 95 times in a hundred, and narrows with more data") {
  int held = 0;
  double width_few = 0, width_many = 0;
  constexpr int trials = 300;
  for (int trial = 0; trial < trials; ++trial) {
    Draw draw(static_cast<uint64_t>(trial));
    const auto sample = [&](double centre, int count) {  // skewed to the right, with its median at the centre
      std::vector<double> values;
      for (int i = 0; i < count; ++i)
        values.push_back(centre * std::exp2(0.2 * std::log2(static_cast<double>(draw.next() >> 40) / 0x1p23 + 1e-9)));
      return values;
    };
    const Ratio few = ratio_of_medians(sample(3, 25), sample(2, 25), 400), many = ratio_of_medians(sample(3, 100), sample(2, 100), 400);
    CHECK(few.low <= few.value);
    CHECK(few.value <= few.high);
    held += few.low <= 1.5 && 1.5 <= few.high;
    width_few += few.high - few.low, width_many += many.high - many.low;
  }
  CHECK(held >= trials * 90 / 100);
  CHECK(held <= trials * 99 / 100);
  CHECK(width_many < 0.7 * width_few);
}

TEST_CASE("equal samples and seeds give equal intervals") {
  const std::vector<double> a{1, 2, 3, 4, 5}, b{2, 3, 4, 5, 9};
  const Ratio one = ratio_of_medians(a, b), two = ratio_of_medians(a, b);
  CHECK(one.low == two.low);
  CHECK(one.high == two.high);
}
