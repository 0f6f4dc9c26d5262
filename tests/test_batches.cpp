// What becomes of images between a data set and a batch: their size and range, the built-in shapes, and the order they are drawn in.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "engine/data/batches.h"
#include "engine/data/dataset.h"
#include "engine/data/shapes.h"
#include "engine/data/splitmix.h"
#include "tests/file_support.h"
#include "tests/md5.h"

using namespace duel;
using namespace duel::test;

TEST_CASE("fit: 28 to 32 is padded, the rest resized; channels") {
  Dataset d{"d", 1, 28, 28, 1, std::vector<uint8_t>(784, 200), {0}, {"x"}};
  const Dataset padded = fit(d, 32);
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 32; ++x) {
      const bool inside = y >= 2 && y < 30 && x >= 2 && x < 30;
      REQUIRE(padded.images[static_cast<size_t>(y * 32 + x)] == (inside ? 200 : 0));
    }
  const Dataset large = fit(d, 64);
  CHECK((large.h == 64 && large.images == std::vector<uint8_t>(64 * 64, 200)));
  const Dataset colour = with_channels(d, 3);
  CHECK((colour.c == 3 && colour.images == std::vector<uint8_t>(784 * 3, 200)));
  CHECK(with_channels(colour, 1).images == d.images);  // 77 + 150 + 29 = 256
  const std::vector<int32_t> twice = {0, 0};
  CHECK(subset(d, twice).n == 2);
  const std::vector<int32_t> outside = {1};
  check_refused([&] { subset(d, outside); }, {"[gather]"}, Failure::internal);
}

TEST_CASE("pixels to [-1, 1] and back") {
  CHECK(to_signed(0) == -1.f);
  CHECK(to_signed(255) == 1.f);
  for (int i = 0; i < 256; ++i) CHECK(to_pixel(to_signed(static_cast<uint8_t>(i))) == i);
  CHECK((to_pixel(-5.f) == 0 && to_pixel(5.f) == 255 && to_pixel(std::numeric_limits<float>::quiet_NaN()) == 0));
  CHECK((to_pixel(-std::numeric_limits<float>::infinity()) == 0 && to_pixel(std::numeric_limits<float>::infinity()) == 255));
}

TEST_CASE("shapes: the same bits from the seed, whatever else; every class differs") {
  const Dataset a = make_shapes({.n = 200, .seed = 5}), b = make_shapes({.n = 40, .seed = 5}), c = make_shapes({.n = 40, .seed = 6});
  CHECK((a.h == 32 && a.w == 32 && a.c == 3 && a.classes.size() == 10));
  CHECK(std::equal(b.images.begin(), b.images.end(), a.images.begin()));
  CHECK(b.images != c.images);
  // Fixed for good: recorded runs depend on it.
  CHECK(md5({a.images.begin(), a.images.end()}) == "99534e4097a70eb812e02b6918221e46");
  for (int i = 0; i < a.n; ++i) {
    CHECK(a.labels[static_cast<size_t>(i)] == i % 10);
    const Image image = image_of(a, i);
    int least = 255, most = 0;
    for (int p = 0; p < 32 * 32; ++p) {
      const uint8_t* q = &image.pixels[static_cast<size_t>(3 * p)];
      const int grey = (q[0] * 77 + q[1] * 150 + q[2] * 29) >> 8;
      least = std::min(least, grey);
      most = std::max(most, grey);
    }
    CHECK(most - least > 60);  // the shape stands out
  }
  const DataSplits d = load_data("shapes", {.size = 16, .channels = 1, .seed = 5, .synthetic_train = 30, .synthetic_test = 20});
  CHECK((d.train.n == 30 && d.test.n == 20 && d.train.h == 16 && d.train.c == 1));
  CHECK(!std::equal(d.test.images.begin(), d.test.images.end(), d.train.images.begin()));
}

// How often the nearest class mean of `colour`, fitted on `from`, tells the class of `on`.
double told_by(const Dataset& from, const Dataset& on, const std::function<const uint8_t*(const uint8_t*)>& colour) {
  using Colour = std::array<double, 3>;
  const auto of = [&](const Dataset& d, int i) {
    const uint8_t* q = colour(&d.images[static_cast<size_t>(i) * d.sample_bytes()]);
    const double high = std::max({q[0], q[1], q[2], uint8_t{1}});
    return Colour{q[0] / high, q[1] / high, q[2] / high};
  };
  std::array<Colour, 10> means{};
  for (int i = 0; i < from.n; ++i)
    for (size_t c = 0; c < 3; ++c) means[static_cast<size_t>(i % 10)][c] += of(from, i)[c] / (from.n / 10);
  int right = 0;
  for (int i = 0; i < on.n; ++i) {
    const auto distance = [&, at = of(on, i)](const Colour& mean) {
      return std::pow(at[0] - mean[0], 2) + std::pow(at[1] - mean[1], 2) + std::pow(at[2] - mean[2], 2);
    };
    right += std::ranges::min_element(means, {}, distance) - means.begin() == i % 10;
  }
  return right / static_cast<double>(on.n);
}

TEST_CASE("shapes: colour tells the class only where it should") {
  const auto most_saturated = [](const uint8_t* pixels) {
    const auto spread = [&](size_t p) {
      const uint8_t* q = pixels + 3 * p;
      return std::max({q[0], q[1], q[2]}) - std::min({q[0], q[1], q[2]});
    };
    size_t best = 0;
    for (size_t p = 1; p < 1024; ++p)
      if (spread(p) > spread(best)) best = p;
    return pixels + 3 * best;
  };
  const auto corner = [](const uint8_t* pixels) { return pixels; };
  const auto load = [](const char* spec) { return load_data(spec, {.seed = 3, .synthetic_train = 1000, .synthetic_test = 1000}); };
  const DataSplits plain = load("shapes"), correlated = load("shapes:correlated"), misleading = load("shapes:misleading");
  CHECK(told_by(plain.train, plain.test, most_saturated) < .2);
  CHECK(told_by(plain.train, plain.test, corner) < .2);
  CHECK(told_by(correlated.train, correlated.test, most_saturated) > .5);
  CHECK(told_by(misleading.train, misleading.train, corner) > .8);
  int told = 0;  // the hue of the corner is its class's; grey has none
  for (int i = 0; i < misleading.train.n; ++i) {
    const uint8_t* q = corner(&misleading.train.images[static_cast<size_t>(i) * misleading.train.sample_bytes()]);
    const double high = std::max({q[0], q[1], q[2]}), low = std::min({q[0], q[1], q[2]});
    if (high - low < 20) continue;
    const double sixth = q[0] == high   ? (q[1] - q[2]) / (high - low)
                         : q[1] == high ? 2 + (q[2] - q[0]) / (high - low)
                                        : 4 + (q[0] - q[1]) / (high - low);
    const double off = std::abs(std::remainder(sixth / 6 - (i % 10) / 10., 1));
    told += off < .04;
  }
  CHECK(told > 930);  // 95 % of them tell, a corner may lie under the shape, and chance makes up for some
  CHECK(told < 970);
  CHECK(told_by(misleading.train, misleading.test, corner) < .2);
  CHECK(misleading.test.images == plain.test.images);
  CHECK_THROWS_WITH(load_data("shapes:misleading", {.channels = 1}),
                    "shapes:misleading tells its classes by hue, and grey images have none; take --channels 3, or shapes");
  CHECK_THROWS_WITH(make_shapes({.n = 10, .telling_background = 1.5}),
                    "[make_shapes] a telling background in 1.5 of the pictures; 0 to 1 is a share");
}

TEST_CASE("splitmix: the published generator, without bias") {
  // The first outputs for the state 0, by the reference code of the paper's authors.
  uint64_t state = 0;
  const auto reference = [&] { return splitmix(state += 0x9e3779b97f4a7c15u); };
  CHECK(reference() == 0xe220a8397b1dcdafu);
  CHECK(reference() == 0x6e789e6aa1b965f4u);
  SplitMix random(1);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60000; ++i) ++counts[random.below(6)];
  for (const int count : counts) CHECK(std::abs(count - 10000) < 500);
}

TEST_CASE("shuffler: permutations of (seed, epoch), resumed by two integers") {
  for (const int n : {1, 2, 7, 1000}) {
    auto p = permutation(n, 3, 0);
    std::sort(p.begin(), p.end());
    std::vector<int32_t> all(static_cast<size_t>(n));
    std::iota(all.begin(), all.end(), 0);
    CHECK(p == all);
  }
  CHECK(permutation(1000, 3, 0) == permutation(1000, 3, 0));
  CHECK(permutation(1000, 3, 0) != permutation(1000, 3, 1));
  CHECK(permutation(1000, 3, 0) != permutation(1000, 4, 0));
  CHECK(permutation(8, 1, 0) == std::vector<int32_t>{4, 2, 5, 1, 7, 3, 0, 6});  // computed by hand from the definition
  // All 6 orders of 3, equally often.
  std::map<std::vector<int32_t>, int> orders;
  for (int epoch = 0; epoch < 6000; ++epoch) ++orders[permutation(3, 9, epoch)];
  CHECK(orders.size() == 6);
  for (const auto& [order, count] : orders) CHECK(std::abs(count - 1000) < 150);

  Shuffler whole(10, 3, 42);
  CHECK(whole.batches_per_epoch() == 3);
  std::vector<std::vector<int32_t>> batches;
  std::vector<std::pair<int64_t, int64_t>> states;
  for (int i = 0; i < 10; ++i) {
    states.emplace_back(whole.epoch(), whole.position());
    const auto b = whole.next();
    batches.emplace_back(b.begin(), b.end());
  }
  CHECK(whole.epoch() == 3);
  for (int epoch = 0; epoch < 3; ++epoch) {  // three disjoint batches of three; one sample is left over
    std::set<int32_t> seen;
    for (size_t k = 0; k < 3; ++k)
      seen.insert(batches[static_cast<size_t>(epoch) * 3 + k].begin(), batches[static_cast<size_t>(epoch) * 3 + k].end());
    CHECK(seen.size() == 9);
  }
  for (size_t i = 0; i < states.size(); ++i) {
    Shuffler resumed(10, 3, 42);
    resumed.seek(states[i].first, states[i].second);
    for (size_t k = i; k < batches.size(); ++k) {
      const auto b = resumed.next();
      REQUIRE(std::equal(b.begin(), b.end(), batches[k].begin(), batches[k].end()));
    }
  }
  check_refused([] { Shuffler(10, 11, 1); }, {"batch of 11 from 10"}, Failure::usage);
  check_refused([] { Shuffler(10, 0, 1); }, {"batch of 0"}, Failure::usage);
  check_refused([] { Shuffler(10, 3, 1).seek(0, 4); }, {"sample 4"});
  check_refused([] { Shuffler(10, 3, 1).seek(-1, 0); }, {"epoch -1"});
}
