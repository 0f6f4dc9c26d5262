// Layer and instance norm where a comparison of rows on normal inputs does not look: means far above the deviation, and what a statistic
// covers, written out.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "kernels/draw.h"
#include "kernels/sample_norm/sample_norm.h"
#include "tests/row_check.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

Bytes bytes_of(const std::vector<float>& values) {
  Bytes bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

struct Forward {
  std::vector<double> y, mean, invstd;
};

Forward forward(const Row& row, const SampleNormProblem& p, const std::vector<float>& x, const std::vector<float>& gamma,
                const std::vector<float>& beta) {
  const OpInfo& op = find_op(SampleNormFwd::name);
  std::vector<Bytes> contents = {bytes_of(x), bytes_of(gamma), bytes_of(beta), {}, {}, {}};
  run_once(row, op, op.parse(p.text()), contents);
  const auto values = [](const Bytes& bytes) {
    std::vector<double> list(bytes.size() / 4);
    for (size_t i = 0; i < list.size(); ++i) list[i] = element(bytes, DType::f32, static_cast<int64_t>(i));
    return list;
  };
  return {values(contents[3]), values(contents[4]), values(contents[5])};
}

template <class F>
void each_row(const SampleNormProblem& p, F&& f) {
  for (const Row& row : rows_of(SampleNormFwd::name))
    if (why_not(row.device).empty() && row.supports(&p)) {
      CAPTURE(std::string(row.name));
      CAPTURE(std::string(name_of(row.device)));
      f(row);
    }
}

}  // namespace

TEST_CASE("a mean far above the deviation does not spoil the variance") {
  for (const NormOver over : {NormOver::layer, NormOver::instance})
    for (const int64_t c : {1, 3, 64, 257})
      for (const double offset : {1e3, -1e5}) {
        const SampleNormProblem p{.n = 2, .inner = 300 * c, .c = c, .over = over};
        Draw draw(static_cast<uint64_t>(c));
        std::vector<float> x(static_cast<size_t>(p.count()));
        for (float& v : x) v = static_cast<float>(offset + draw.between(-1000, 1000) / 500.0);
        std::vector<double> mean(static_cast<size_t>(p.statistics())), var(mean.size());
        const auto of = [&](int64_t i) { return static_cast<size_t>(p.statistic(i / p.inner, i % p.c)); };
        const double terms = static_cast<double>(p.terms());
        for (int64_t i = 0; i < p.count(); ++i) mean[of(i)] += x[static_cast<size_t>(i)] / terms;
        for (int64_t i = 0; i < p.count(); ++i) var[of(i)] += std::pow(x[static_cast<size_t>(i)] - mean[of(i)], 2) / terms;
        const std::vector<float> one(static_cast<size_t>(c), 1), zero(static_cast<size_t>(c), 0);
        each_row(p, [&](const Row& row) {
          const Forward f = forward(row, p, x, one, zero);
          double worst_invstd = 0, worst_mean = 0, worst_y = 0;
          for (size_t s = 0; s < mean.size(); ++s) {
            worst_invstd = std::max(worst_invstd, std::abs(f.invstd[s] * std::sqrt(var[s] + p.eps) - 1));
            worst_mean = std::max(worst_mean, std::abs(f.mean[s] / mean[s] - 1));
          }
          for (const double v : f.y) worst_y = std::max(worst_y, std::abs(v));
          CHECK(worst_invstd < 1e-5);  // E[x²] − E[x]² in f32 would be wrong by 10 % at 1e3 and meaningless beyond
          CHECK(worst_mean < 1e-6);
          CHECK(worst_y < 2.5);  // uniform noise lies within √3 deviations; x itself is rounded to 1/128 at 1e5
        });
      }
}

TEST_CASE("a layer's statistics cover the sample, an instance's one channel of it; gamma and beta are the channel's in both") {
  const std::vector<float> x = {0, 10, 2, 14};                                                            // two positions of two channels
  const SampleNormProblem layer{.n = 1, .inner = 4, .c = 2, .eps = 0.25};                                 // mean 6.5, variance 32.75
  const SampleNormProblem instance{.n = 1, .inner = 4, .c = 2, .over = NormOver::instance, .eps = 0.25};  // means 1, 12; variances 1, 4
  each_row(layer, [&](const Row& row) {
    const Forward f = forward(row, layer, x, {3, 5}, {7, 9});
    CHECK(f.mean == std::vector<double>{6.5});
    for (size_t i = 0; i < 4; ++i) CHECK(f.y[i] == doctest::Approx((i % 2 ? 5 : 3) * (x[i] - 6.5) / std::sqrt(33.0) + (i % 2 ? 9 : 7)));
  });
  each_row(instance, [&](const Row& row) {
    const Forward f = forward(row, instance, x, {3, 5}, {7, 9});
    CHECK(f.mean == std::vector<double>{1, 12});
    for (size_t i = 0; i < 4; ++i)
      CHECK(f.y[i] == doctest::Approx(i % 2 ? 5 * (x[i] - 12) / std::sqrt(4.25) + 9 : 3 * (x[i] - 1) / std::sqrt(1.25) + 7));
  });
}

TEST_CASE("constant samples give beta") {
  for (const NormOver over : {NormOver::layer, NormOver::instance}) {
    const SampleNormProblem p{.n = 3, .inner = 35, .c = 5, .over = over, .act = Act::leaky_relu, .slope = 0.25};
    const std::vector<float> x(static_cast<size_t>(p.count()), 0.1f);
    each_row(p, [&](const Row& row) {
      const Forward f = forward(row, p, x, std::vector<float>(5, 2), std::vector<float>(5, -8));
      for (const double y : f.y) CHECK(y == doctest::Approx(-2).epsilon(1e-4));
      for (const double invstd : f.invstd) CHECK(invstd == doctest::Approx(1 / std::sqrt(1e-5)).epsilon(1e-4));
    });
  }
}
