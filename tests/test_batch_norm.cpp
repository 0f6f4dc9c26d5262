// Batch normalisation where a comparison of rows on normal inputs does not look: means far above the deviation, and what the running
// statistics mean.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "engine/grad.h"
#include "engine/ops.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/draw.h"
#include "tests/row_check.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

template <class T>
Bytes bytes_of(const std::vector<T>& values) {
  Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

struct Forward {
  Bytes y, mean, invstd, running_mean, running_var;
};

Forward forward(const Row& row, const BatchNormProblem& p, const std::vector<float>& x, float gamma, float beta, float running_mean,
                float running_var) {
  const OpInfo& op = find_op(BatchNormFwd::name);
  const ErasedCase erased = op.parse(p.text());
  const auto channels = [&](float v) { return bytes_of(std::vector<float>(static_cast<size_t>(p.c), v)); };
  std::vector<Bytes> contents = {bytes_of(x), channels(gamma), channels(beta),         Bytes(x.size() * 4),
                                 channels(0), channels(0),     channels(running_mean), channels(running_var)};
  run_once(row, op, erased, contents);
  return {contents[3], contents[4], contents[5], contents[6], contents[7]};
}
double at(const Bytes& bytes, int64_t i) { return element(bytes, DType::f32, i); }

template <class F>
void each_row(const BatchNormProblem& p, F&& f) {
  for (const Row& row : rows_of(BatchNormFwd::name))
    if (why_not(row.device).empty() && row.supports(&p)) {
      CAPTURE(std::string(row.name));
      CAPTURE(std::string(name_of(row.device)));
      f(row);
    }
}

}  // namespace

TEST_CASE("a mean far above the deviation does not spoil the variance") {
  for (const int c : {1, 3, 64, 257})
    for (const double offset : {1e3, 1e4, -1e5}) {
      const BatchNormProblem p{.rows = 3001, .c = c, .eps = 1e-5, .momentum = 1};
      Draw draw(static_cast<uint64_t>(c));
      std::vector<float> x(static_cast<size_t>(p.count()));
      for (float& v : x) v = static_cast<float>(offset + draw.between(-1000, 1000) / 500.0);
      std::vector<double> mean(static_cast<size_t>(c)), var(static_cast<size_t>(c));
      for (size_t i = 0; i < x.size(); ++i) mean[i % static_cast<size_t>(c)] += x[i] / static_cast<double>(p.rows);
      for (size_t i = 0; i < x.size(); ++i) {
        const double d = x[i] - mean[i % static_cast<size_t>(c)];
        var[i % static_cast<size_t>(c)] += d * d / static_cast<double>(p.rows - 1);
      }
      each_row(p, [&](const Row& row) {
        const Forward f = forward(row, p, x, 1, 0, 0, 1);
        double worst_var = 0, worst_mean = 0, worst_y = 0;
        for (int j = 0; j < c; ++j) {
          const double v = var[static_cast<size_t>(j)], m = mean[static_cast<size_t>(j)];
          worst_var = std::max(worst_var, std::abs(at(f.running_var, j) / v - 1));
          worst_mean = std::max(worst_mean, std::abs(at(f.running_mean, j) / m - 1));
        }
        for (int64_t i = 0; i < p.count(); ++i) worst_y = std::max(worst_y, std::abs(at(f.y, i)));
        const bool right = worst_var < 1e-5 && worst_mean < 1e-6 && worst_y < 2.5;
        tally(right, !right);
        CHECK(worst_var < 1e-5);  // E[x²] − E[x]² in f32 would be wrong by 10 % at 1e3 and meaningless beyond
        CHECK(worst_mean < 1e-6);
        CHECK(worst_y < 2.5);  // uniform noise lies within √3 deviations; x itself is rounded to 1/128 at 1e5
      });
    }
}

TEST_CASE("an outlier in the first row does not spoil the variance either") {  // it is a poor guess at the mean
  const BatchNormProblem p{.rows = 20000, .c = 1, .momentum = 1};
  std::vector<float> x(20000);
  for (size_t i = 0; i < x.size(); ++i) x[i] = i % 2 ? 1.f : -1.f;
  x[0] = 1e6f;
  double mean = 0, var = 0;
  for (float v : x) mean += v / 20000.0;
  for (float v : x) var += (v - mean) * (v - mean) / 19999.0;
  each_row(p, [&](const Row& row) { CHECK(at(forward(row, p, x, 1, 0, 0, 1).running_var, 0) == doctest::Approx(var).epsilon(1e-5)); });
}

TEST_CASE("the biased variance normalises, the unbiased one is stored, momentum is the weight of the new batch") {
  const BatchNormProblem p{.rows = 4, .c = 1, .eps = 0.25, .momentum = 0.2};
  const std::vector<float> x = {1, 2, 4, 5};  // mean 3, biased variance 2.5, unbiased 10/3
  each_row(p, [&](const Row& row) {
    const Forward f = forward(row, p, x, 3, 7, 10, 20);
    CHECK(at(f.mean, 0) == doctest::Approx(3));
    CHECK(at(f.invstd, 0) == doctest::Approx(1 / std::sqrt(2.75)));
    CHECK(at(f.running_mean, 0) == doctest::Approx(0.8 * 10 + 0.2 * 3));
    CHECK(at(f.running_var, 0) == doctest::Approx(0.8 * 20 + 0.2 * 10 / 3));
    for (int64_t i = 0; i < 4; ++i) CHECK(at(f.y, i) == doctest::Approx(3 * (x[static_cast<size_t>(i)] - 3) / std::sqrt(2.75) + 7));
  });
}

TEST_CASE("a first row far from all others leaves the variance four digits") {
  for (const int c : {1, 8, 64}) {
    const BatchNormProblem p{.rows = 5003, .c = c, .eps = 1e-5, .momentum = 1};
    Draw draw(7);
    std::vector<float> x(static_cast<size_t>(p.count()));
    for (float& v : x) v = static_cast<float>(draw.between(-1000, 1000) / 577.0);  // deviation 1
    for (int j = 0; j < c; ++j) x[static_cast<size_t>(j)] = 100;
    double sum = 0, deviations = 0;
    for (int64_t i = 0; i < p.rows; ++i) sum += static_cast<double>(x[static_cast<size_t>(i * c)]);
    const double rows = static_cast<double>(p.rows), mean = sum / rows;
    for (int64_t i = 0; i < p.rows; ++i) deviations += std::pow(static_cast<double>(x[static_cast<size_t>(i * c)]) - mean, 2);
    each_row(p, [&](const Row& row) {
      const Forward f = forward(row, p, x, 1, 0, 0, 1);
      CHECK(at(f.running_var, 0) == doctest::Approx(deviations / (rows - 1)).epsilon(1e-4));
      CHECK(at(f.running_mean, 0) == doctest::Approx(mean).epsilon(1e-4));
    });
  }
}

TEST_CASE("constant channels and single rows give beta") {
  for (const int64_t rows : {int64_t{1}, int64_t{2}, int64_t{1000}}) {
    const BatchNormProblem p{.rows = rows, .c = 5, .act = Act::leaky_relu, .slope = 0.25};
    const std::vector<float> x(static_cast<size_t>(p.count()), 0.1f);
    each_row(p, [&](const Row& row) {
      const Forward f = forward(row, p, x, 2, -8, 0, 1);
      for (int64_t i = 0; i < p.count(); ++i) CHECK(at(f.y, i) == doctest::Approx(-2).epsilon(1e-4));
      CHECK(at(f.invstd, 0) == doctest::Approx(1 / std::sqrt(1e-5)).epsilon(1e-4));
      CHECK(at(f.running_var, 0) == doctest::Approx(0.9).epsilon(1e-5));
    });
  }
}

TEST_CASE("groups of a batch are normalised as batches of their own") {
  const ActivationSpec then{Act::leaky_relu, 0.2};
  const Shape half{3, 2, 2, 8};
  for (const Device device : {Device::cpu, Device::sim}) {
    if (const std::string why = test::why_not(device); !why.empty()) {
      test::skip(why);
      continue;
    }
    CAPTURE(std::string(name_of(device)));
    const auto drawn = [&](const Shape& shape, uint64_t seed) {
      Draw draw(seed);
      std::vector<double> v(static_cast<size_t>(shape.count()));
      for (double& one : v) one = draw.between(-1000, 1000) / 300.0;
      return Tensor::from(shape, v, DType::f32, device);
    };
    const Tensor first = drawn(half, 1), second = drawn(half, 2), gamma = drawn({8}, 3), beta = drawn({8}, 4);
    const Tensor weight = drawn(half, 5);  // of what leaves the norm, in the loss
    const auto norm = [&] {
      return BatchNorm{gamma, beta, Tensor::zeros({8}, DType::f32, device), Tensor::full({8}, 1, DType::f32, device)};
    };
    const auto joined = [](const Tensor& a, const Tensor& b) {
      Tensor both({2 * a.shape()[0], a.shape()[1], a.shape()[2], a.shape()[3]}, a.dtype(), a.device());
      slice(both, 0, a.shape()[0]).assign(a), slice(both, a.shape()[0], both.shape()[0]).assign(b);
      return both;
    };
    const BatchNorm whole = norm(), apart = norm();
    const Tensor x = joined(first, second), y = batch_norm(x, whole, then, 2);
    const Tensor y1 = batch_norm(first, apart, then), y2 = batch_norm(second, apart, then);
    CHECK(y.values() == joined(y1, y2).values());
    CHECK(whole.running_mean.values() == apart.running_mean.values());
    CHECK(whole.running_var.values() == apart.running_var.values());
    const Tensors g = grad(sum(mul(y, joined(weight, weight))), {x, gamma, beta});
    const Tensors g1 = grad(sum(mul(y1, weight)), {first, gamma, beta}), g2 = grad(sum(mul(y2, weight)), {second, gamma, beta});
    CHECK(g[0].values() == joined(g1[0], g2[0]).values());
    for (size_t i : {1, 2}) {
      const std::vector<double> all = g[i].values(), one = g1[i].values(), two = g2[i].values();
      for (size_t c = 0; c < all.size(); ++c) CHECK(all[c] == doctest::Approx(one[c] + two[c]).epsilon(1e-5));
    }
  }
  CHECK_THROWS_WITH_AS(batch_norm(Tensor::zeros({3, 4}, DType::f32, Device::cpu),
                                  {Tensor::zeros({4}, DType::f32, Device::cpu), Tensor::zeros({4}, DType::f32, Device::cpu),
                                   Tensor::zeros({4}, DType::f32, Device::cpu), Tensor::zeros({4}, DType::f32, Device::cpu)},
                                  {}, 2),
                       doctest::Contains("do not make 2 equal groups"), Error);
}
