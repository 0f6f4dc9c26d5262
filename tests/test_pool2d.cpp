// What pooling and dropout promise beyond their rows and derivatives: ties, NaN, padding, whose coins, and which shapes are refused.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "engine/grad.h"
#include "engine/ops.h"
#include "tests/support.h"

using namespace duel;

namespace {

Tensor image(const std::vector<double>& pixels) {  // one row of one channel
  return Tensor::from({1, 1, static_cast<int64_t>(pixels.size()), 1}, pixels);
}
Pool2dProblem row_of(int w, const char* window) { return Pool2dProblem::parse("n1h1w" + std::to_string(w) + "c1" + window); }

}  // namespace

TEST_CASE("of equal values the first gets the gradient, and a NaN wins") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Pool2dProblem pairs = row_of(6, "r1s2u1v2");
  const Tensor x = image({3, 3, nan, 5, 5, nan});
  const Tensor y = max_pool2d_fwd(x, pairs);
  CHECK(y.values()[0] == 3);
  CHECK(std::isnan(y.values()[1]));
  CHECK(std::isnan(y.values()[2]));
  CHECK(vjp(y, Tensor::from({1, 1, 3, 1}, {1, 2, 4}), {x})[0].values() == std::vector<double>{1, 0, 2, 0, 0, 4});
}

TEST_CASE("so it is where windows of four tile the image, whatever meets whatever") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), met[] = {nan, -1, 0, 2};
  constexpr int all = 256;  // a channel for each four of these values
  std::vector<double> x(4 * all), first(x.size(), 0.0), best(all);
  for (int c = 0; c < all; ++c) {
    int wins = 0;
    for (int tap = 0; tap < 4; ++tap) {
      const double value = met[c >> 2 * tap & 3];
      x[static_cast<size_t>(tap * all + c)] = value;
      const double before = x[static_cast<size_t>(wins * all + c)];
      if (value > before || (std::isnan(value) && !std::isnan(before))) wins = tap;
    }
    best[static_cast<size_t>(c)] = x[static_cast<size_t>(wins * all + c)];
    first[static_cast<size_t>(wins * all + c)] = 1;
  }
  for (DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    const Tensor image = Tensor::from({1, 2, 2, all}, x, dtype), y = max_pool2d(image);
    const std::vector<double> got = y.values();
    for (size_t c = 0; c < got.size(); ++c) CHECK((got[c] == best[c] || (std::isnan(got[c]) && std::isnan(best[c]))));
    CHECK(vjp(y, Tensor::full(y.shape(), 1, dtype), {image})[0].values() == first);
  }
}

TEST_CASE("padding does not compete for the maximum, and an average says what it divides by") {
  const Tensor x = image({-4, -8});
  Pool2dProblem d = row_of(2, "r1s3u1v2top0left1p1q1");
  CHECK(max_pool2d_fwd(x, d).values() == std::vector<double>{-4});
  CHECK(avg_pool2d_fwd(x, d).values() == std::vector<double>{-4});
  d.over = PoolOver::inside;
  CHECK(avg_pool2d_fwd(x, d).values() == std::vector<double>{-6});
  d.over = PoolOver::one;
  CHECK(avg_pool2d_fwd(x, d).values() == std::vector<double>{-12});
}

TEST_CASE("upsampling repeats pixels, and averaging takes it back") {
  const Tensor x = image({1, 2});
  CHECK(upsample_nearest(x, 2, 3).values() == std::vector<double>{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2});
  CHECK(avg_pool2d(upsample_nearest(x, 2, 2)).values() == x.values());
  CHECK(global_avg_pool(x).values() == std::vector<double>{1.5});
}

TEST_CASE("pooling refuses what has no answer") {
  const Tensor x = Tensor::zeros({1, 4, 4, 1});
  CHECK_THROWS_WITH_AS(max_pool2d(x, {5, 1, 0}), doctest::Contains("[max_pool2d] window 5×5 is larger than the padded image"), Error);
  CHECK_THROWS_WITH_AS(avg_pool2d(x, {2, 2, 2}), doctest::Contains("pad is less than size"), Error);
  CHECK_THROWS_WITH_AS(max_pool2d(reshape(x, {4, 4})), doctest::Contains("wants x [n,h,w,c]"), Error);
  CHECK_THROWS_WITH_AS(Pool2dProblem::parse("n1h4w4c1r2top2left0p2q2"), doctest::Contains("wholly outside"), Error);
  CHECK_THROWS_WITH_AS(upsample_nearest(x, 0, 2), doctest::Contains("must be at least 1"), Error);
  CHECK_THROWS_WITH_AS(max_pool2d_scatter(x, x, Pool2dProblem::parse("n1h4w4c1r1")), doctest::Contains("wants taps i32"), Error);
}

TEST_CASE("dropout is a product with random_fill's coins, and its derivative keeps the coins of its own step") {
  const Rng rng{7, RandomStream::dropout};
  const Tensor x = rng.normal({5, 3, 11}, step_counter(1)), step = step_counter(4);
  const Tensor y = dropout(x, 0.25, rng, step);
  CHECK(y.values() == mul(x, div(rng.bernoulli(x.shape(), step_counter(4), 0.75), Tensor::full({}, 0.75))).values());
  increment(step);  // as a training step does before it takes derivatives
  const Tensor ones = Tensor::full(x.shape(), 1);
  CHECK(vjp(y, ones, {x})[0].values() == dropout(ones, 0.25, rng, step_counter(4)).values());
  CHECK(dropout(ones, 0.25, rng, step).values() != dropout(ones, 0.25, rng, step_counter(4)).values());
  CHECK(dropout(ones, 0.25, rng, step, 1).values() != dropout(ones, 0.25, rng, step).values());
}

TEST_CASE("dropout keeps its share, and p outside [0, 1) is refused") {
  const Rng rng{7, RandomStream::dropout};
  const Tensor ones = Tensor::full({1000, 100}, 1), step = step_counter(1);
  CHECK(mean(dropout(ones, 0.3, rng, step)).item() == doctest::Approx(1).epsilon(0.02));
  CHECK(dropout(ones, 0, rng, step).id() == ones.id());
  for (double p : {-0.1, 1.0, std::nan("")}) CHECK_THROWS_WITH_AS(dropout(ones, p, rng, step), doctest::Contains("in [0, 1)"), Error);
}
