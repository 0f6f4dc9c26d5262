// The random numbers: the generator against its published vectors, the distributions against theirs, and what the engine builds on: the
// numbers depend on (seed, stream, step, sample, element) and on nothing else.
#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <set>

#include "kernels/random/philox.h"
#include "kernels/random/random.h"
#include "kernels/registry.h"
#include "tests/row_check.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

// What a row draws.
Bytes drawn(const Row& row, const RandomProblem& problem, int step = 1) {
  const OpInfo& op = find_op(RandomFill::name);
  const ErasedCase erased = op.parse(problem.text());
  std::vector<Bytes> contents;
  for (const Buffer& b : op.buffers(erased.problem.get())) contents.push_back(Bytes(b.bytes()));
  std::memcpy(contents[0].data(), &step, sizeof step);
  run_once(row, op, erased, contents);
  return contents[1];
}
std::vector<float> floats(const Row& row, const RandomProblem& problem, int step = 1) {
  const Bytes bytes = drawn(row, problem, step);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

RandomProblem problem_of(int64_t n, int64_t inner, Distribution distribution, double a, double b, int64_t seed = 42) {
  return {.n = n, .inner = inner, .distribution = distribution, .seed = seed, .stream = 3, .first = 0, .a = a, .b = b};
}

std::vector<Row> usable_rows(const RandomProblem& problem) {
  std::vector<Row> found;
  for (const Row& row : rows_of(RandomFill::name))
    if (why_not(row.device).empty() && row.supports(&problem)) found.push_back(row);
  return found;
}
const Row& best() { return pick<RandomFill>(RandomProblem{}, Device::cpu); }

// Largest distance between the sample's distribution and `cdf` times √n. Above 1.95 with probability 0.001 (Kolmogorov, 1933).
template <class F>
double kolmogorov(std::vector<float> values, F&& cdf) {
  std::sort(values.begin(), values.end());
  const double n = static_cast<double>(values.size());
  double worst = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double f = cdf(values[i]), at = static_cast<double>(i);
    worst = std::max({worst, f - at / n, (at + 1) / n - f});
  }
  return worst * std::sqrt(n);
}

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

struct Moments {
  double mean = 0, var = 0, skew = 0, kurtosis = 0;
};
Moments moments(const std::vector<float>& values) {
  Moments m;
  const double n = static_cast<double>(values.size());
  for (float v : values) m.mean += v / n;
  double third = 0, fourth = 0;
  for (float v : values) {
    const double d = v - m.mean;
    m.var += d * d / n, third += d * d * d / n, fourth += d * d * d * d / n;
  }
  m.skew = third / std::pow(m.var, 1.5), m.kurtosis = fourth / (m.var * m.var);
  return m;
}

double correlation(const std::vector<float>& a, const std::vector<float>& b) {
  const Moments ma = moments(a), mb = moments(b);
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - ma.mean) * (b[i] - mb.mean);
  return sum / static_cast<double>(a.size()) / std::sqrt(ma.var * mb.var);
}

double ulps(float got, double exact) {
  const float near = std::abs(static_cast<float>(exact));
  return std::abs(got - exact) / (std::nextafter(near, INFINITY) - near);
}

}  // namespace

TEST_CASE("Philox4x32-10 gives the vectors published with Random123") {
  const auto is = [](PhiloxWords counter, uint32_t key0, uint32_t key1, PhiloxWords want) {
    const PhiloxWords got = philox(counter, key0, key1);
    return got.x == want.x && got.y == want.y && got.z == want.z && got.w == want.w;
  };
  CHECK(is({0, 0, 0, 0}, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  CHECK(is({~0u, ~0u, ~0u, ~0u}, ~0u, ~0u, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  CHECK(is({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST_CASE("the counter and the key are made as documented") {
  const PhiloxWords got = philox_words(0x299f31d0a4093822u, 0x03707344, 0x13198a2e, 0xffffffff85a308d3u, 0x243f6a88);
  CHECK(got.x == 0xd16cfe09u);
  CHECK(got.w == 0x24126ea1u);
}

TEST_CASE("logarithm, sine and cosine are good to a few units in the last place") {
  double worst_log = 0, worst_sincos = 0;
  for (uint32_t i = 0; i < 200000; ++i) {
    const uint32_t word = i * 21474u + i % 7;  // over the whole range
    const float u = add_rn(mul_rn(word_float(word), 0x1p-32f), 0x1p-33f);
    if (u < 1) worst_log = std::max(worst_log, ulps(portable_log(u), std::log(static_cast<double>(u))));
    float sine, cosine;
    portable_sincos(word, sine, cosine);
    const double angle = 2 * std::numbers::pi * word / 4294967296.0;
    worst_sincos = std::max({worst_sincos, std::abs(sine - std::sin(angle)), std::abs(cosine - std::cos(angle))});
  }
  for (uint32_t bits = 0x2f000000u; bits < 0x3f800000u; bits += 997)  // 2⁻³³ … 1, all exponents alike
    worst_log = std::max(worst_log, ulps(portable_log(bits_float(bits)), std::log(static_cast<double>(bits_float(bits)))));
  MESSAGE("logarithm within ", worst_log, " ulp; sine and cosine within ", worst_sincos);
  CHECK(worst_log < 2);
  CHECK(worst_sincos < 2 * 0x1p-24);  // two units in the last place of 1
  CHECK(portable_log(1.f) == 0.f);
}

TEST_CASE("word to float rounds once, like the processor's own conversion") {
  for (uint32_t word : {0u, 1u, 0xffffu, 0x10000u, 0x00ffffffu, 0x01000001u, 0x01000003u, 0x7fffffffu, 0x80000080u, 0x800000c0u,
                        0xffffff7fu, 0xffffff80u, 0xffffffffu})
    CHECK(word_float(word) == static_cast<float>(word));
}

TEST_CASE("every row on every device draws the same bits") {
  for (const Distribution d : {Distribution::uniform, Distribution::normal, Distribution::bernoulli})
    for (const DType t : {DType::f32, DType::bf16, DType::f64})
      for (const auto& [n, inner] : {std::pair{3, 1001}, std::pair{130, 1}, std::pair{2, 4096}}) {
        RandomProblem p = problem_of(n, inner, d, 0.3, 0.8, -5);
        p.dtype = t;
        const std::vector<Row> rows = usable_rows(p);
        REQUIRE(rows.size() >= 1);
        const Bytes want = drawn(*find_row(RandomFill::name, "ref", Device::cpu), p, 9);
        for (const Row& row : rows) {
          const bool same = drawn(row, p, 9) == want;
          tally(same, !same);
          CHECK_MESSAGE(same, std::string(row.name), " on ", name_of(row.device), ": ", p.text());
        }
      }
}

TEST_CASE("f64 and bf16 are the f32 draw, exactly and rounded") {
  RandomProblem p = problem_of(7, 33, Distribution::normal, 0.5, 2);
  const std::vector<float> want = floats(best(), p);
  p.dtype = DType::f64;
  const Bytes doubles = drawn(*find_row(RandomFill::name, "ref", Device::cpu), p);
  p.dtype = DType::bf16;
  const Bytes halves = drawn(best(), p);
  for (size_t i = 0; i < want.size(); ++i) {
    CHECK(element(doubles, DType::f64, static_cast<int64_t>(i)) == want[i]);
    CHECK(element(halves, DType::bf16, static_cast<int64_t>(i)) == static_cast<float>(bf16(want[i])));
  }
}

TEST_CASE("a sample's numbers do not depend on the batch it is drawn in") {
  for (const int64_t inner : {int64_t{1}, int64_t{6}, int64_t{100}, int64_t{1031}}) {
    const std::vector<float> whole = floats(best(), problem_of(50, inner, Distribution::normal, 0, 1));
    int64_t first = 0;
    for (const int64_t part : {1, 7, 30, 12}) {
      RandomProblem p = problem_of(part, inner, Distribution::normal, 0, 1);
      p.first = first;
      const std::vector<float> piece = floats(best(), p);
      CHECK(std::equal(piece.begin(), piece.end(), whole.begin() + first * inner));
      first += part;
    }
    CHECK(first == 50);
  }
}

TEST_CASE("an element's number does not depend on how many follow it") {
  const std::vector<float> shorter = floats(best(), problem_of(3, 21, Distribution::normal, 0, 1));
  const std::vector<float> longer = floats(best(), problem_of(3, 400, Distribution::normal, 0, 1));
  for (int i = 0; i < 3; ++i) CHECK(std::equal(shorter.begin() + i * 21, shorter.begin() + (i + 1) * 21, longer.begin() + i * 400));
}

TEST_CASE("the number of threads changes nothing") {
  const int before = omp_get_max_threads();
  const RandomProblem p = problem_of(40, 1000, Distribution::normal, 0, 1);
  std::set<Bytes> different;
  for (int threads : {1, 2, 5}) {
    omp_set_num_threads(threads);
    different.insert(drawn(best(), p));
  }
  omp_set_num_threads(before);
  CHECK(different.size() == 1);
}

TEST_CASE("seed, stream, step and sample each give other, uncorrelated numbers") {
  const RandomProblem p = problem_of(100, 1000, Distribution::normal, 0, 1);
  const std::vector<float> base = floats(best(), p);
  RandomProblem seed = p, high_seed = p, stream = p, sample = p;
  seed.seed += 1, high_seed.seed += int64_t{1} << 32, stream.stream += 1, sample.first += 100;
  const double limit = 4.9 / std::sqrt(static_cast<double>(base.size()));  // of a correlation by chance: once in a million
  for (const auto& other :
       {floats(best(), seed), floats(best(), high_seed), floats(best(), stream), floats(best(), sample), floats(best(), p, 2)})
    CHECK(std::abs(correlation(base, other)) < limit);
  std::vector<float> next(base.begin() + 1, base.end()), here(base.begin(), base.end() - 1);
  CHECK(std::abs(correlation(here, next)) < limit);
}

TEST_CASE("uniform: in [a, b), moments and distribution") {
  const std::vector<float> values = floats(best(), problem_of(1000, 1000, Distribution::uniform, 0, 1));
  const Moments m = moments(values);
  CHECK(*std::min_element(values.begin(), values.end()) >= 0);
  CHECK(*std::max_element(values.begin(), values.end()) < 1);
  CHECK(std::abs(m.mean - 0.5) < 5 * std::sqrt(1.0 / 12 / 1e6));
  CHECK(std::abs(m.var - 1.0 / 12) < 5 * std::sqrt(1.0 / 180 / 1e6));
  CHECK(kolmogorov(values, [](double x) { return std::clamp(x, 0.0, 1.0); }) < 1.95);
  // Where a + (b − a)·u rounds, b is still not reached: these two are neighbours.
  const float a = 16777214, b = 16777215;
  for (float v : floats(best(), problem_of(10, 1000, Distribution::uniform, a, b))) CHECK(v == a);
  for (float v : floats(best(), problem_of(10, 100, Distribution::uniform, 2.5, 2.5))) CHECK(v == 2.5f);
}

TEST_CASE("normal: moments, tails and distribution") {
  const std::vector<float> values = floats(best(), problem_of(1000, 1000, Distribution::normal, 0, 1));
  const Moments m = moments(values);
  const double n = 1e6;  // standard deviations of the moments of n normals: √(1/n), √(2/n), √(6/n), √(24/n)
  CHECK(std::abs(m.mean) < 5 * std::sqrt(1 / n));
  CHECK(std::abs(m.var - 1) < 5 * std::sqrt(2 / n));
  CHECK(std::abs(m.skew) < 5 * std::sqrt(6 / n));
  CHECK(std::abs(m.kurtosis - 3) < 5 * std::sqrt(24 / n));
  CHECK(kolmogorov(values, normal_cdf) < 1.95);
  for (const double bound : {2.0, 3.0, 4.0}) {
    const double expected = n * 2 * normal_cdf(-bound);
    const double found = static_cast<double>(std::count_if(values.begin(), values.end(), [&](float v) { return std::abs(v) > bound; }));
    CHECK(std::abs(found - expected) < 5 * std::sqrt(expected));
  }
  const Moments scaled = moments(floats(best(), problem_of(1000, 1000, Distribution::normal, 3, 0.02)));
  CHECK(std::abs(scaled.mean - 3) < 5 * 0.02 / std::sqrt(n));
  CHECK(std::abs(std::sqrt(scaled.var) / 0.02 - 1) < 5 * std::sqrt(0.5 / n));
}

TEST_CASE("one number a sample is as random as many") {  // mixing ratios, crop positions: samples are neighbours, not elements
  const std::vector<float> values = floats(best(), problem_of(200000, 1, Distribution::normal, 0, 1));
  CHECK(kolmogorov(values, normal_cdf) < 1.95);
  std::vector<float> next(values.begin() + 1, values.end()), here(values.begin(), values.end() - 1);
  CHECK(std::abs(correlation(here, next)) < 4.9 / std::sqrt(200000.0));
}

TEST_CASE("bernoulli: 1 with its probability, always and never included") {
  for (const double probability : {0.001, 0.3, 0.5, 0.9}) {
    const std::vector<float> values = floats(best(), problem_of(1000, 1000, Distribution::bernoulli, probability, 0));
    CHECK(std::all_of(values.begin(), values.end(), [](float v) { return v == 0 || v == 1; }));
    CHECK(std::abs(moments(values).mean - probability) < 5 * std::sqrt(probability * (1 - probability) / 1e6));
  }
  CHECK(moments(floats(best(), problem_of(100, 100, Distribution::bernoulli, 0, 0))).mean == 0);
  CHECK(moments(floats(best(), problem_of(100, 100, Distribution::bernoulli, 1, 0))).mean == doctest::Approx(1));
}
