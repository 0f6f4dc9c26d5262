// Neighbours against measuring all pairs, and what SMOTE, Borderline-SMOTE and ADASYN make of classes whose geometry is known.
#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "augment/smote.h"
#include "engine/distance.h"
#include "engine/grad.h"
#include "engine/neighbours.h"
#include "engine/ops.h"
#include "kernels/draw.h"
#include "tests/file_support.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

std::vector<float> noise(int64_t count, uint64_t seed, float scale = 1, float offset = 0) {
  Draw draw(seed);
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(offset + scale * static_cast<float>(draw.between(-30000, 30000)) / 10000);
  return values;
}

Neighbours all_pairs(const std::vector<float>& queries, const std::vector<float>& base, int64_t d, int count, bool others) {
  const int64_t m = static_cast<int64_t>(queries.size()) / d, n = static_cast<int64_t>(base.size()) / d;
  Neighbours found{count, {}, {}};
  for (int64_t i = 0; i < m; ++i) {
    std::vector<std::pair<double, int32_t>> all;
    for (int64_t j = 0; j < n; ++j)
      if (!others || i != j)
        all.emplace_back(squared_distance(&queries[static_cast<size_t>(i * d)], &base[static_cast<size_t>(j * d)], d), j);
    std::sort(all.begin(), all.end());
    for (int k = 0; k < count; ++k) {
      found.index.push_back(all[static_cast<size_t>(k)].second);
      found.distance.push_back(std::sqrt(all[static_cast<size_t>(k)].first));
    }
  }
  return found;
}

void check_same(const Neighbours& got, const Neighbours& expected) {
  CHECK(got.count == expected.count);
  CHECK(got.index == expected.index);
  CHECK(got.distance == expected.distance);
}

Tensor rows(const std::vector<float>& values, int64_t d, DType dtype = DType::f32, Device device = Device::cpu) {
  return Tensor::from({static_cast<int64_t>(values.size()) / d, d}, {values.begin(), values.end()}, dtype, device);
}

// Three clouds in d dimensions of 40, 12 and 25 rows, far enough apart to be told apart and near enough to touch.
struct Clouds {
  std::vector<float> x;
  std::vector<int32_t> labels;
};
Clouds clouds(int64_t d, uint64_t seed = 1) {
  Clouds out;
  for (auto [label, count] : {std::pair(0, 40), std::pair(1, 12), std::pair(2, 25)}) {
    const std::vector<float> cloud = noise(count * d, seed + static_cast<uint64_t>(label), 1, static_cast<float>(label));
    out.x.insert(out.x.end(), cloud.begin(), cloud.end());
    out.labels.insert(out.labels.end(), static_cast<size_t>(count), label);
  }
  return out;
}

// Every new row lies on the segment between a sample and one of the k nearest others of its class, at u.
void check_on_segments(const Clouds& from, const Oversampled& made, int64_t d, int k) {
  const std::vector<double> x = made.x.values();
  REQUIRE(x.size() == made.labels.size() * static_cast<size_t>(d));
  REQUIRE(made.u.size() == made.labels.size());
  for (size_t i = 0; i < made.labels.size(); ++i) {
    const size_t b = static_cast<size_t>(made.base[i]), nn = static_cast<size_t>(made.neighbour[i]);
    CHECK(b != nn);
    CHECK((from.labels[b] == made.labels[i] && from.labels[nn] == made.labels[i]));
    CHECK((made.u[i] >= 0 && made.u[i] < 1));
    const auto distance = [&](size_t j) {
      return squared_distance(&from.x[b * static_cast<size_t>(d)], &from.x[j * static_cast<size_t>(d)], d);
    };
    int nearer = 0;
    for (size_t j = 0; j < from.labels.size(); ++j) nearer += j != b && from.labels[j] == made.labels[i] && distance(j) < distance(nn);
    CHECK(nearer < k);
    for (size_t c = 0; c < static_cast<size_t>(d); ++c) {
      const double p = from.x[b * static_cast<size_t>(d) + c], q = from.x[nn * static_cast<size_t>(d) + c];
      CHECK(x[i * static_cast<size_t>(d) + c] == doctest::Approx(p + static_cast<double>(made.u[i]) * (q - p)).epsilon(1e-5));
    }
  }
}

std::map<int32_t, int> times_of(const std::vector<int32_t>& list) {
  std::map<int32_t, int> times;
  for (int32_t i : list) ++times[i];
  return times;
}

}  // namespace

TEST_CASE("neighbours are those of all pairs, to the bit") {
  for (auto [m, n, d, k] : {std::array{1, 1, 1, 1}, std::array{3, 9, 2, 9}, std::array{40, 70, 17, 5}, std::array{5, 300, 784, 3},
                            std::array{600, 130, 3, 4}, std::array{3, 5000, 6, 7}}) {
    const std::array problem{m, n, d};
    CAPTURE(problem);
    const std::vector<float> queries = noise(m * d, 1), base = noise(n * d, 2);
    check_same(nearest(queries, base, d, k), all_pairs(queries, base, d, k, false));
    if (n > k) check_same(nearest_others(base, d, k), all_pairs(base, base, d, k, true));
  }
}

TEST_CASE("neighbours where the product's rounding says little: far from the origin, almost equal, equal, enormous and tiny") {
  const int64_t d = 24;
  struct Cloud {
    float scale, offset;
    bool two;  // half of the rows on the other side of the origin, so that no common centre helps
  };
  for (const Cloud shape : {Cloud{1e-3f, 1000.f, false}, Cloud{1e-4f, -5.f, false}, Cloud{1e-3f, 1000.f, true}, Cloud{1e-2f, 100.f, true},
                            Cloud{1e18f, 0.f, false}, Cloud{3e18f, 1e19f, true}, Cloud{1e-25f, 0.f, false}}) {
    const float scale = shape.scale, offset = shape.offset;
    const bool two = shape.two;
    CAPTURE(scale);
    CAPTURE(offset);
    const auto cloud = [&, scale = scale, offset = offset, two = two](int64_t n, uint64_t seed) {
      std::vector<float> values = noise(n * d, seed, scale);
      for (int64_t i = 0; i < n * d; ++i) values[static_cast<size_t>(i)] += two && i / d % 2 ? -offset : offset;
      return values;
    };
    std::vector<float> base = cloud(200, 3);
    std::copy_n(base.begin(), 20 * d, base.begin() + 100 * d);                              // rows 100 … 119 are rows 0 … 19
    for (int64_t i = 0; i < d; ++i) base[static_cast<size_t>(7 * d + i)] += scale * 1e-3f;  // and one is nearly its twin
    check_same(nearest_others(base, d, 5), all_pairs(base, base, d, 5, true));
    const std::vector<float> queries = cloud(30, 4);
    check_same(nearest(queries, base, d, 2), all_pairs(queries, base, d, 2, false));
  }
  const std::vector<float> same(50 * d, 3.f);
  check_same(nearest_others(same, d, 4), all_pairs(same, same, d, 4, true));
}

TEST_CASE("neighbours are the same on any number of threads and on the simulated GPU") {
  const std::vector<float> base = noise(300 * 10, 5);
  const Neighbours one = nearest_others(base, 10, 5);
  const int before = omp_get_max_threads();
  omp_set_num_threads(5);
  check_same(nearest_others(base, 10, 5), one);
  omp_set_num_threads(before);
  if (!why_not(Device::sim).empty()) return;
  const Device was = Tensor::default_device();
  set_default_device(Device::sim);
  const Neighbours there = nearest_others(base, 10, 5);
  set_default_device(was);
  check_same(there, one);
}

TEST_CASE("what has no neighbours is refused") {
  const std::vector<float> base = noise(8, 1);
  check_refused([&] { nearest(base, base, 2, 5); }, {"[nearest]", "5 nearest of 4"}, Failure::usage);
  check_refused([&] { nearest_others(base, 2, 4); }, {"[nearest]", "4 nearest of 3"}, Failure::usage);
  check_refused([&] { nearest(base, base, 2, 0); }, {"[nearest]"}, Failure::usage);
  check_refused([&] { nearest(base, base, 3, 1); }, {"[nearest]", "rows of 3"}, Failure::usage);
  for (float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    std::vector<float> broken = base;
    broken[3] = bad;
    check_refused([&] { nearest(base, broken, 2, 1); }, {"[nearest]", "NaN or infinity"}, Failure::numeric);
    check_refused([&] { nearest(broken, base, 2, 1); }, {"[nearest]", "NaN or infinity"}, Failure::numeric);
  }
}

TEST_CASE("SMOTE: on segments to the k nearest of the class, each sample equally often, classes as large as the largest") {
  for (int64_t d : {2, 30}) {
    const Clouds from = clouds(d);
    const Oversampled made = smote(rows(from.x, d), from.labels, 3);
    CHECK(made.before == std::vector<int64_t>{40, 12, 25});
    CHECK(made.after == std::vector<int64_t>{40, 40, 40});
    CHECK(std::count(made.labels.begin(), made.labels.end(), 1) == 28);
    CHECK(std::count(made.labels.begin(), made.labels.end(), 2) == 15);
    check_on_segments(from, made, d, 5);
    for (const auto& [row, times] : times_of(made.base)) CHECK((row < 52 ? times == 2 || times == 3 : times == 1));
    CHECK(times_of(made.base).size() == 12 + 15);
  }
  const Clouds from = clouds(2);
  const Oversampled one = smote(rows(from.x, 2), from.labels, 3, {.neighbours = 1, .target = {40, 60, 25}});
  check_on_segments(from, one, 2, 1);
  CHECK(one.labels.size() == 48);
}

TEST_CASE("u is uniform, one a new sample, and each of the k neighbours has its turn") {
  const Clouds from = clouds(3);
  const Oversampled made = smote(rows(from.x, 3), from.labels, 3, {.target = {40, 6012, 25}});
  std::vector<float> u = made.u;
  std::sort(u.begin(), u.end());
  double most = 0;
  for (size_t i = 0; i < u.size(); ++i) most = std::max(most, std::abs(static_cast<double>(u[i]) - (static_cast<double>(i) + 0.5) / 6000));
  CHECK(most * std::sqrt(6000.0) < 1.95);
  std::map<std::pair<int32_t, int32_t>, int> pairs;
  for (size_t i = 0; i < made.u.size(); ++i) ++pairs[{made.base[i], made.neighbour[i]}];
  CHECK(pairs.size() == 60);  // 12 samples, 5 neighbours
  for (const auto& [pair, times] : pairs) CHECK(std::abs(times - 100) < 5 * std::sqrt(100 * 0.8));
}

TEST_CASE("the same seed gives the same rows, another others, and a class does not depend on another's target") {
  const Clouds from = clouds(4);
  const Tensor x = rows(from.x, 4);
  const Oversampled a = smote(x, from.labels, 3, {.seed = 5}), b = smote(x, from.labels, 3, {.seed = 5}),
                    c = smote(x, from.labels, 3, {.seed = 6}), alone = smote(x, from.labels, 3, {.target = {40, 40, 25}, .seed = 5});
  CHECK(a.x.values() == b.x.values());
  CHECK(a.u != c.u);
  CHECK(alone.base == std::vector<int32_t>(a.base.begin(), a.base.begin() + 28));
  CHECK(alone.u == std::vector<float>(a.u.begin(), a.u.begin() + 28));
  const Oversampled none = smote(x, from.labels, 3, {.target = {40, 12, 25}});
  CHECK((none.labels.empty() && none.x.shape() == Shape{0, 4} && none.after == none.before));
}

TEST_CASE("Borderline-SMOTE starts only at samples in danger") {
  // On a line. Of class 1: 0 … 5 are safe; 20.2 and 20.8 have class 0 at 20, 20.4 and 21 around them, and each other: in danger; 200 has
  // nothing but class 0 around it: noise.
  std::vector<float> x{0, 1, 2, 3, 4, 5, 20.2f, 20.8f, 200};
  std::vector<int32_t> labels(9, 1);
  for (float v : {20.f, 20.4f, 21.f, 22.f, 23.f, 199.f, 199.5f, 200.5f, 201.f, 202.f, 203.f}) x.push_back(v), labels.push_back(0);
  const SmoteOptions options{.kind = Oversampling::borderline, .neighbours = 3, .surroundings = 4, .target = {11, 30}};
  const Oversampled made = smote(rows(x, 1), labels, 2, options);
  CHECK(made.labels.size() == 21);
  const std::map<int32_t, int> times = times_of(made.base);
  CHECK(times.size() == 2);
  CHECK((times.count(6) && times.count(7)));
  CHECK((times.at(6) == 10 || times.at(6) == 11));
  check_on_segments({x, labels}, made, 1, 3);
  check_refused(
      [&] {
        smote(rows({0, 1, 2, 3, 90, 91, 92, 93, 94}, 1), std::vector<int32_t>{1, 1, 1, 1, 0, 0, 0, 0, 0}, 2,
              {.kind = Oversampling::borderline, .neighbours = 2, .surroundings = 3});
      },
      {"[smote]", "class 1 is in danger", "plain SMOTE"}, Failure::usage);
}

TEST_CASE("ADASYN starts in proportion to the strangers among the neighbours") {
  // Class 1 at 0, 1, 2 and at 10; class 0 at 9.5, 10.4, and far away. Of their three nearest, those of 0 and 1 are 1, 2 and one more of
  // class 1 or the first of class 0; by hand: row 0 → {1, 2, 9.5}: 1 of 3; row 1 → {0, 2, 9.5}: 1; row 2 → {1, 0, 9.5}: 1; row 3 → 2.
  const std::vector<float> x{0, 1, 2, 10, 9.5f, 10.4f, 50, 51, 52, 53, 54, 55, 56, 57};
  std::vector<int32_t> labels(14, 0);
  std::fill_n(labels.begin(), 4, 1);
  const Oversampled made = smote(rows(x, 1), labels, 2, {.kind = Oversampling::adasyn, .neighbours = 3, .target = {10, 14}});
  CHECK(made.before == std::vector<int64_t>{10, 4});
  const std::map<int32_t, int> times = times_of(made.base);
  CHECK((times.at(0) == 2 && times.at(1) == 2 && times.at(2) == 2 && times.at(3) == 4));
  check_on_segments({x, labels}, made, 1, 3);
  check_refused(
      [&] {
        smote(rows({0, 1, 2, 3, 90, 91, 92, 93, 94}, 1), std::vector<int32_t>{1, 1, 1, 1, 0, 0, 0, 0, 0}, 2,
              {.kind = Oversampling::adasyn, .neighbours = 3});
      },
      {"[smote]", "class 1", "plain SMOTE"}, Failure::usage);
}

TEST_CASE("new rows are differentiable by the rows they come from") {
  const Tensor x = rows({0, 0, 1, 0, 0, 3, 8, 8, 9, 8, 8, 9, 7, 7}, 2, DType::f64);
  const Oversampled made = smote(x, std::vector<int32_t>{1, 1, 1, 0, 0, 0, 0}, 2, {.neighbours = 2});
  REQUIRE(made.u.size() == 1);
  const std::vector<double> g = grad(sum(made.x), {x})[0].values();
  const size_t b = static_cast<size_t>(made.base[0]), nn = static_cast<size_t>(made.neighbour[0]);
  CHECK(g[2 * b] == doctest::Approx(1 - static_cast<double>(made.u[0])));
  CHECK(g[2 * nn + 1] == doctest::Approx(static_cast<double>(made.u[0])));
  CHECK(std::accumulate(g.begin(), g.end(), 0.0) == doctest::Approx(2));
}

TEST_CASE("images: the new ones stand behind the old, in range, between two of their class") {
  Dataset data{"d", 20, 2, 2, 1, {}, {}, {"many", "few"}};
  for (int i = 0; i < 20; ++i) {
    const bool few = i % 5 == 0;
    for (int p = 0; p < 4; ++p) data.images.push_back(static_cast<uint8_t>(few ? 200 + i + p : 3 * i + p));
    data.labels.push_back(few);
  }
  const OversampledImages out = smote(data, {.neighbours = 3});
  CHECK(out.before == std::vector<int64_t>{16, 4});
  CHECK(out.after == std::vector<int64_t>{16, 16});
  CHECK(out.data.n == 32);
  REQUIRE(out.data.images.size() == 128);
  CHECK(std::equal(data.images.begin(), data.images.end(), out.data.images.begin()));
  for (size_t i = 20; i < 32; ++i) {
    CHECK(out.data.labels[i] == 1);
    for (size_t p = 0; p < 4; ++p) {
      const int v = out.data.images[4 * i + p];
      CHECK((v >= 200 + static_cast<int>(p) && v <= 215 + static_cast<int>(p)));
      CHECK(std::abs(v - out.data.images[4 * i] - static_cast<int>(p)) <= 1);  // one u for all of its pixels
    }
  }
}

TEST_CASE("what SMOTE cannot do is refused, with what to do instead") {
  const Clouds from = clouds(2);
  const Tensor x = rows(from.x, 2);
  const auto refused = [&](const SmoteOptions& options, const std::vector<std::string>& words) {
    check_refused([&] { smote(x, from.labels, 3, options); }, words, Failure::usage);
  };
  refused({.neighbours = 12}, {"[smote]", "class 1 has 12 samples", "set neighbours to 11 or less"});
  refused({.target = {39, 40, 40}}, {"[smote]", "class 0", "only adds"});
  refused({.target = {40, 40}}, {"[smote]", "2 targets for 3 classes"});
  refused({.neighbours = 0}, {"[smote]"});
  refused({.kind = Oversampling::borderline, .surroundings = 77}, {"[smote]", "77"});
  std::vector<int32_t> single = from.labels;
  std::replace(single.begin(), single.end(), 1, 0);
  single[0] = 1;
  check_refused([&] { smote(x, single, 3); }, {"[smote]", "class 1 has 1 sample", "takes two"}, Failure::usage);
  check_refused([&] { smote(x, single, 4, {.target = {51, 1, 25, 9}}); }, {"[smote]", "class 3 has 0 samples"}, Failure::usage);
  CHECK(smote(x, single, 4, {.target = {51, 1, 26, 0}}).labels == std::vector<int32_t>{2});
  check_refused([&] { smote(x, std::vector<int32_t>(5), 1); }, {"[smote]", "5 labels"}, Failure::usage);
  check_refused([&] { smote(Tensor::zeros({77, 2, 1}), from.labels, 3); }, {"[smote]", "reshape()"}, Failure::usage);
  check_refused([&] { smote(x, from.labels, 2); }, {"label 2"}, Failure::usage);
}
