// The measures of generators: against values worked out by hand, closed forms, and NumPy and SciPy (tests/golden/metric_values.py).
#include <doctest/doctest.h>
#include <omp.h>

#include <cmath>
#include <numbers>

#include "apps/support/judge/comparison.h"
#include "apps/support/metrics/duplicates.h"
#include "apps/support/metrics/features.h"
#include "apps/support/metrics/frechet.h"
#include "apps/support/metrics/kid.h"
#include "apps/support/metrics/modes.h"
#include "apps/support/metrics/prdc.h"
#include "apps/support/metrics/score.h"
#include "engine/io/safetensors.h"
#include "tests/file_support.h"

using namespace duel;
using namespace duel::test;

namespace {

// As values() of metric_values.py: 24 bits of a hash of (index, seed).
std::vector<float> values(int64_t n, int64_t d, uint32_t seed, float scale = 1, float shift = 0) {
  std::vector<float> out;
  for (uint32_t i = 1; i <= static_cast<uint32_t>(n * d); ++i) {
    uint32_t h = i * 2654435761u + seed * 40503u;
    h = (h ^ (h >> 15)) * 0x2c1b3c6du, h = (h ^ (h >> 12)) * 0x297a2d39u, h ^= h >> 15;
    out.push_back(static_cast<float>(h >> 8) * 0x1p-24f * scale + shift);
  }
  return out;
}

FeatureSet a_set(int64_t n = 12) {
  FeatureSet set{.n = n, .d = 3, .features = values(n, 3, 9), .k = 2, .classes = {"cat", "dog"}, .from = {"ab12", "a net", "none", "here"}};
  for (int i = 0; i < n; ++i) set.probabilities.insert(set.probabilities.end(), {0.25f, 0.75f}), set.labels.push_back(i % 2);
  return set;
}

auto about(double want, double relative = 1e-9) { return doctest::Approx(want).epsilon(relative); }

}  // namespace

TEST_CASE("Fréchet: moments by hand") {
  const Moments m = moments(std::vector<float>{1, 0, 3, 0, 5, 6}, 2);  // (1,0), (3,0), (5,6)
  CHECK(m.mean == std::vector<double>{3, 2});
  CHECK(m.covariance == std::vector<double>{4, 6, 6, 12});
  check_refused([] { moments(std::vector<float>{1, 2}, 2); }, {"2 samples", "take more"}, Failure::usage);
}

TEST_CASE("Fréchet: Gaussians whose distance is known in closed form") {
  // Covariances that commute: ‖Δμ‖² + Σ (√λ₁ − √λ₂)². Here they share eigenvectors turned by 30°.
  const double c = std::cos(std::numbers::pi / 6), s = std::sin(std::numbers::pi / 6);
  auto turned = [&](double first, double second) {
    return std::vector<double>{c * c * first + s * s * second, c * s * (first - second), c * s * (first - second),
                               s * s * first + c * c * second};
  };
  const Moments a{100, 2, {1, 2}, turned(4, 9)}, b{100, 2, {4, -2}, turned(25, 1)};
  CHECK(frechet(a, b) == about(25 + 9 + 4));
  CHECK(frechet(b, a) == about(38));
  // In one dimension (μ₁ − μ₂)² + (σ₁ − σ₂)².
  CHECK(frechet({9, 1, {3}, {4}}, {9, 1, {1}, {25}}) == about(4 + 9));
  // A covariance without full rank is what few samples give.
  CHECK(frechet({2, 2, {0, 0}, {1, 0, 0, 0}}, {2, 2, {0, 0}, {0, 0, 0, 1}}) == about(2));
  check_refused([&] { frechet(a, {9, 1, {3}, {4}}); }, {"2 features against 1"}, Failure::usage);
}

TEST_CASE("Fréchet: SciPy's value, nothing between equal sets, the same bits on any number of threads") {
  const std::vector<float> x = values(150, 7, 1), y = values(120, 7, 2, 1.25f, -0.25f);
  CHECK(frechet(moments(x, 7), moments(y, 7)) == about(0.1398011866460393));
  CHECK(frechet(moments(x, 7), moments(x, 7)) < 1e-9);
  const std::vector<float> wide = values(300, 200, 7), other = values(5000, 200, 8);  // more than a tile, and more samples than go at once
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const double one = frechet(moments(wide, 200), moments(other, 200)), one_kid = kid(wide, other, 200);
  omp_set_num_threads(5);
  CHECK(frechet(moments(wide, 200), moments(other, 200)) == one);
  CHECK(kid(wide, other, 200) == one_kid);
  omp_set_num_threads(threads);
  CHECK(too_few_for_frechet(69, 7));
  CHECK(!too_few_for_frechet(70, 7));
}

TEST_CASE("kernel distance: by hand, NumPy's value, no bias") {
  // One feature, x = 0, 1 and y = 1, 2, k = (xy + 1)³: within x 1, within y 27, across the mean of 1, 1, 8, 27.
  CHECK(kid(std::vector<float>{0, 1}, std::vector<float>{1, 2}, 1) == about(1 + 27 - 2 * 37.0 / 4));
  const std::vector<float> x = values(150, 7, 1), y = values(120, 7, 2, 1.25f, -0.25f);
  CHECK(kid(x, y, 7) == about(0.0578916195813135));
  // Of one distribution, the values of many small draws stand around 0 instead of above it.
  double sum = 0, squares = 0;
  constexpr int draws = 400;
  for (uint32_t i = 0; i < draws; ++i) {
    const double v = kid(values(8, 2, 100 + 2 * i), values(8, 2, 101 + 2 * i), 2);
    sum += v, squares += v * v;
  }
  const double mean = sum / draws, error = std::sqrt((squares / draws - mean * mean) / draws);
  CHECK(std::fabs(mean) < 3 * error);
  CHECK(kid_deviation(x, y, 7, 10, 50, 1) > 0);
  CHECK(kid_deviation(x, y, 7, 10, 50, 1) == kid_deviation(x, y, 7, 10, 50, 1));
  check_refused([&] { kid_deviation(x, y, 7, 10, 121, 1); }, {"out of 120"}, Failure::usage);
  check_refused([&] { kid(std::vector<float>(7), x, 7); }, {"2 samples", "1 and 150"}, Failure::usage);
}

TEST_CASE("score: between 1 and the number of classes, and NumPy's value") {
  std::vector<float> sure, alike;
  for (int i = 0; i < 40; ++i)
    for (int k = 0; k < 4; ++k) sure.push_back(k == i % 4), alike.push_back(k == 2);
  CHECK(classifier_score(sure, 4).mean == about(4));
  CHECK(classifier_score(sure, 4).deviation == doctest::Approx(0));
  CHECK(classifier_score(alike, 4).mean == about(1));
  std::vector<float> p;
  const std::vector<float> raw = values(95, 4, 3, 1, 0.01f);
  for (size_t i = 0; i < raw.size(); i += 4) {
    const double sum = static_cast<double>(raw[i]) + raw[i + 1] + raw[i + 2] + raw[i + 3];
    for (size_t k = i; k < i + 4; ++k) p.push_back(static_cast<float>(raw[k] / sum));
  }
  CHECK(classifier_score(p, 4).mean == about(1.1434125854172443));
  CHECK(classifier_score(p, 4).deviation == about(0.03615181575222496));
  check_refused([] { classifier_score(std::vector<float>(9 * 2), 2); }, {"10 splits", "not 9"}, Failure::usage);
}

TEST_CASE("precision, recall, density, coverage: by hand") {
  // On a line, k = 1: real 0, 1, 3, 7 with radii 1, 1, 2, 4, so balls [−1,1], [0,2], [1,5], [3,11];
  // made 0.5, 1.5, 20, 21 with radii 1, 1, 1, 1, so balls [−.5,1.5], [.5,2.5], [19,21], [20,22].
  const std::vector<float> real{0, 1, 3, 7}, made{0.5f, 1.5f, 20, 21};
  const Prdc p = prdc(real, made, 1, 1);
  CHECK(p.precision == 0.5);   // 0.5 and 1.5
  CHECK(p.recall == 0.5);      // 0 and 1
  CHECK(p.density == 4 / 4.);  // 0.5 lies in two balls of real ones, 1.5 in two
  CHECK(p.coverage == 0.75);   // 0 and 1 by 0.5, 3 by 1.5; nothing is within 4 of 7
  const std::vector<float> many = values(60, 3, 4);
  const Prdc same = prdc(many, many, 3);
  CHECK(same.precision == 1);
  CHECK(same.recall == 1);
  CHECK(same.coverage == 1);
  CHECK(same.density >= 1);  // its own ball, and those of its neighbours
  const Prdc far = prdc(many, values(60, 3, 4, 1, 100), 3);
  CHECK(far.precision + far.recall + far.density + far.coverage == 0);
  check_refused([] { prdc(values(5, 2, 1), values(5, 2, 2), 2); }, {"5 nearest neighbours", "5 images are too few", "take 6"},
                Failure::usage);
  check_refused([] { prdc(values(9, 2, 1), values(8, 2, 2), 2); }, {"9 real images and 8 samples"}, Failure::usage);
}

TEST_CASE("precision, recall, density, coverage: NumPy's values") {
  std::vector<float> x = values(150, 7, 1), y = values(120, 7, 2, 1.25f, -0.25f);
  x.resize(120 * 7);
  const Prdc p = prdc(x, y, 7), back = prdc(y, x, 7);
  CHECK(p.precision == about(0.7916666666666666));
  CHECK(p.recall == about(1));
  CHECK(p.density == about(0.5133333333333334));
  CHECK(p.coverage == about(0.8916666666666667));
  CHECK(back.precision == about(1));
  CHECK(back.recall == about(0.7916666666666666));
  CHECK(back.density == about(1.43));
  CHECK(back.coverage == about(0.9666666666666667));
}

TEST_CASE("nearest neighbours and duplicates") {
  const Neighbours found = nearest(std::vector<float>{0, 0, 10, 10}, std::vector<float>{10, 11, 3, 4, 0, 1, 3, 4}, 2, 3);
  CHECK(found.index == std::vector<int32_t>{2, 1, 3, 0, 1, 3});
  CHECK(found.distance[1] == 5);
  CHECK(found.nearest(1) == 1);
  check_refused([] { nearest(values(1, 2, 1), values(4, 2, 1), 2, 5); }, {"5 nearest of 4"}, Failure::usage);

  const std::vector<float> train = values(200, 3, 6);
  std::vector<float> samples(train.begin(), train.begin() + 36);
  for (float& v : samples) v += 0.015625f;
  for (const float v : values(60, 3, 4)) samples.push_back(v);
  const Duplicates d = duplicate_rate(nearest(samples, train, 3), nearest(values(90, 3, 5), train, 3));
  CHECK(d.threshold == about(0.030301857156255354, 1e-6));
  CHECK(d.rate == about(0.18055555555555555));
  CHECK(d.count == 13);
  CHECK(d.samples == 72);
  CHECK(d.tests == 90);
  check_refused([&] { duplicate_rate(nearest(samples, train, 3), nearest(train, train, 3)); }, {"held out"});
}

TEST_CASE("modes of a ring and of a grid") {
  const Mixture ring = ring_of_gaussians(0.02), grid = grid_of_gaussians(0.1);
  REQUIRE(ring.centres.size() == 8);
  REQUIRE(grid.centres.size() == 25);
  CHECK(ring.centres[2][1] == about(2));
  CHECK(grid.centres.front() == std::array<double, 2>{-4, -4});
  CHECK(grid.centres[12] == std::array<double, 2>{0, 0});
  std::vector<float> points;
  auto put = [&](int n, float x, float y) {
    for (int i = 0; i < n; ++i) points.insert(points.end(), {x, y});
  };
  put(20, 2, 0.05f);   // within 0.06 of (2, 0): just enough of them
  put(19, 0, 2);       // one too few
  put(30, -2, 0.07f);  // beyond 3 σ of (−2, 0)
  put(1, NAN, 0);
  const ModeCount count = count_modes(points, ring);
  CHECK(count.modes == 8);
  CHECK(count.covered == 1);
  CHECK(count.of_modes[0] == 20);
  CHECK(count.of_modes[2] == 19);
  CHECK(count.n == 70);
  CHECK(count.high_quality == about(39 / 70.));
  CHECK(count.text() == "1 of 8 modes covered, 55.7 % of 70 samples within 3 σ, σ = 0.02");
  check_refused([&] { count_modes({}, ring); }, {"0 coordinates"}, Failure::usage);
  check_refused([&] { count_modes(points, ring_of_gaussians(0)); }, {"positive σ"}, Failure::usage);
}

TEST_CASE("features keep their provenance in a file, and mixed ones are refused") {
  const TempFolder folder;
  const std::string path = folder / "f.safetensors";
  const FeatureSet set = a_set();
  write_features(path, set);
  const FeatureSet back = read_features(path);
  CHECK(back.features == set.features);
  CHECK(back.probabilities == set.probabilities);
  CHECK(back.labels == set.labels);
  CHECK(back.classes == set.classes);
  CHECK(back.from.extractor == "ab12");
  CHECK(back.from.extractor_name == "a net");
  CHECK(back.from.resizer == "none");
  CHECK(back.from.source == "here");
  const FeatureSet two = subset(set, std::vector<int32_t>{4, 1});
  CHECK(two.n == 2);
  CHECK(two.row(1)[2] == set.row(1)[2]);
  CHECK(two.labels == std::vector<int32_t>{0, 1});
  CHECK(two.probabilities.size() == 4);

  want_comparable(set, back);
  FeatureSet other = set;
  other.from.extractor = "cd34", other.from.source = "there";
  check_refused([&] { want_comparable(set, other); }, {"here", "there", "ab12", "cd34"}, Failure::usage);
  other = set, other.from.resizer = "pil-bicubic";
  check_refused([&] { want_comparable(set, other); }, {"resizer", "none", "pil-bicubic"}, Failure::usage);
  other = set, other.d = 2;
  check_refused([&] { want_comparable(set, other); }, {"number of features"}, Failure::usage);
}

TEST_CASE("a comparison does not depend on the order of the samples, and needs equally many") {
  FeatureSet sorted{.n = 400, .d = 3, .features = values(400, 3, 9), .k = 4, .from = {"ab12", "a net", "none", "here"}};
  for (int i = 0; i < 400; ++i)
    for (int k = 0; k < 4; ++k) sorted.probabilities.push_back(k == i / 100);  // all of one class, then all of the next
  const Comparison c = compare(sorted, sorted, nullptr, 1);
  REQUIRE(c.measures.size() == 7);
  CHECK(c.measures[2].key == "score");
  CHECK(c.measures[2].value > 3.5);
  CHECK(c.measures[2].value <= 4);
  CHECK(c.warnings.empty());
  check_refused([&] { compare(sorted, a_set(), nullptr, 1); }, {"400 samples and 12 real images"}, Failure::usage);
}

TEST_CASE("files that hold no features are refused") {
  const TempFolder folder;
  const std::string path = folder / "f.safetensors";
  auto refused = [&](const std::function<void(SafeTensors&)>& change, const std::vector<std::string>& words) {
    write_features(path, a_set());
    SafeTensors file = read_safetensors(path);
    change(file);
    write_safetensors(path, file);
    check_refused([&] { read_features(path); }, words);
  };
  refused([](SafeTensors& f) { f.metadata.erase("extractor"); }, {"f.safetensors", "no \"extractor\""});
  refused([](SafeTensors& f) { f.metadata["resizer"] = ""; }, {"no \"resizer\""});
  refused([](SafeTensors& f) { f.tensors[0].first = "codes"; }, {"no tensor \"features\""});
  refused([](SafeTensors& f) { f.tensors[0].second.dtype = DType::i32; }, {"features must be f32"});
  refused([](SafeTensors& f) { f.tensors[2].second.shape = {11}, f.tensors[2].second.bytes.resize(44); }, {"11 labels for 12"});
  refused([](SafeTensors& f) { f.metadata["classes"] = "[\"cat\"]"; }, {"names of 1 classes"});
  refused([](SafeTensors& f) { f.metadata["classes"] = "[3]"; }, {"no list of names"});
  refused([](SafeTensors& f) { reinterpret_cast<float*>(f.tensors[0].second.bytes.data())[3] = NAN; }, {"NaN"});
  refused([](SafeTensors& f) { reinterpret_cast<float*>(f.tensors[1].second.bytes.data())[3] = 7; }, {"softmax"});
  refused([](SafeTensors& f) { f.tensors[0].second.shape = {0, 3}, f.tensors[0].second.bytes.clear(); }, {"features of [0, 3]"});
}
