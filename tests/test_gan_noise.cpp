// Noise on what D sees and on what it is to say: its size at each step, worked out by hand, and where it ends.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "models/gan_step.h"

using namespace duel;

namespace {

struct Seen {
  StepSeen layers;
  GanReport report;
};

constexpr int64_t n = 5000;  // points of a batch

// Step `at` of nets that learn nothing. Real and generated points are all (0, 0), D's hidden layer passes its input on, and D says the sum
// of what leaves it: so D's logit is 0 but for noise, the layer's input is the noise, and what it gets back is σ(0) − target, over n.
Seen step_of(const GanObjective& objective, int at) {
  const GanConfig config{
      .net = GanNet::points, .h = 1, .w = 1, .channels = 2, .nz = 2, .ngf = 2, .ndf = 2, .depth = 1, .precision = DType::f64};
  check_objective(objective, config);
  Generator g(config, Device::cpu);
  Discriminator d(config, Device::cpu);
  for (const Tensors& list : {masters(g), masters(d)})
    for (Tensor w : list) w.assign(Tensor::zeros(w.shape(), DType::f64));
  d.each({[](const std::string& name, Weight& w) {
            if (name == "0.w") w.master.assign(Tensor::from({2, 2}, {1, 0, 0, 1}, DType::f64));
            if (name == "1.w") w.master.assign(Tensor::full({1, 2}, 1, DType::f64));
          },
          {}});
  Optimizer opt_g({.lr = 0}, masters(g)), opt_d({.lr = 0}, masters(d));
  Seen seen;
  GanStep step{g, d, opt_g, opt_d, 1, step_counter(at), Tensor::zeros({n, 1, 1, 2}), {}, Tensor::zeros({GanReport::size}), objective};
  step.look = &seen.layers;
  step();
  seen.report = step.read();
  return seen;
}

struct Spread {
  double mean = 0, deviation = 0, least, largest;
  explicit Spread(const std::vector<double>& v)
      : least(*std::min_element(v.begin(), v.end())), largest(*std::max_element(v.begin(), v.end())) {
    for (double x : v) mean += x / static_cast<double>(v.size());
    for (double x : v) deviation += (x - mean) * (x - mean) / static_cast<double>(v.size());
    deviation = std::sqrt(deviation);
  }
};

std::vector<double> targets(const LayerSeen& layer) {
  std::vector<double> list;
  const std::vector<double> back = layer.gradient.values();
  for (size_t i = 0; i < back.size(); i += 2) list.push_back(0.5 - static_cast<double>(n) * back[i]);
  return list;
}

}  // namespace

TEST_CASE("instance noise starts as large as it was asked for, falls in a line, and is gone at its last step") {
  const GanObjective objective{.instance_noise = 0.4, .noise_steps = 8};
  for (const std::pair<int, double>& expected : {std::pair{0, 0.4}, {1, 0.35}, {4, 0.2}, {7, 0.05}}) {
    const int at = expected.first;
    const double deviation = expected.second;
    CAPTURE(at);
    const Seen seen = step_of(objective, at);
    const std::vector<double> on_real = seen.layers.d_real[0].in.values(), on_fake = seen.layers.d_fake[0].in.values();
    for (const Spread& noise : {Spread(on_real), Spread(on_fake)}) {  // 10,000 draws: the deviation is off by .7 % or so
      CHECK(noise.deviation == doctest::Approx(deviation).epsilon(0.03));
      CHECK(std::fabs(noise.mean) < 0.04 * deviation);
      CHECK(noise.largest < 5 * deviation);
      CHECK(noise.largest > 3 * deviation);
    }
    double together = 0;  // of real and of generated points: draws of their own
    for (size_t i = 0; i < on_real.size(); ++i) together += on_real[i] * on_fake[i] / static_cast<double>(on_real.size());
    CHECK(std::fabs(together) < 0.05 * deviation * deviation);
    // LeakyReLU .2 leaves a mean of .4·σ·√(2/π) of noise; D says the sum of two. G's step sees noise of the same size.
    const double logit = 2 * 0.4 * deviation * std::sqrt(2 / std::acos(-1.0));
    CHECK(seen.report.score_fake == doctest::Approx(logit).epsilon(0.1));
    CHECK(seen.report.d_fake_after - 0.5 == doctest::Approx(logit / 4).epsilon(0.1));
  }
  for (int at : {8, 9, 1000}) {
    CAPTURE(at);
    const Seen seen = step_of(objective, at);
    for (const LayerSeen& layer : {seen.layers.d_real[0], seen.layers.d_fake[0]})
      for (double x : layer.in.values()) REQUIRE(x == 0);
    CHECK(seen.report.d_fake_after == 0.5);
  }
}

TEST_CASE("label noise moves each target towards the other by up to what was asked for, and no further, at every step") {
  const auto check_uniform = [](const std::vector<double>& drawn, double from, double to) {
    const Spread spread(drawn);
    CHECK(spread.least >= from - 1e-9);
    CHECK(spread.largest <= to + 1e-9);
    CHECK(spread.least < from + 0.01 * (to - from));
    CHECK(spread.largest > to - 0.01 * (to - from));
    CHECK(spread.mean == doctest::Approx((from + to) / 2).epsilon(0.02));
    CHECK(spread.deviation == doctest::Approx((to - from) / std::sqrt(12)).epsilon(0.03));
  };
  for (int at : {0, 5000}) {
    CAPTURE(at);
    const Seen whole = step_of({.label_noise = 0.3}, at), smooth = step_of({.real_is = 0.9, .label_noise = 0.2}, at);
    check_uniform(targets(whole.layers.d_real[0]), 0.7, 1), check_uniform(targets(whole.layers.d_fake[0]), 0, 0.3);
    check_uniform(targets(smooth.layers.d_real[0]), 0.7, 0.9), check_uniform(targets(smooth.layers.d_fake[0]), 0, 0.2);
    const Seen none = step_of({.real_is = 0.9}, at);
    for (double y : targets(none.layers.d_real[0])) REQUIRE(y == doctest::Approx(0.9));
    for (double y : targets(none.layers.d_fake[0])) REQUIRE(y == doctest::Approx(0));
  }
}

TEST_CASE("label noise, instance noise and dropout leave the step repeatable") {
  const GanConfig config{.h = 8, .w = 8, .channels = 1, .nz = 2, .ngf = 2, .ndf = 2, .dropout = 0.3};
  const auto run = [&](const GanObjective& objective) {
    Generator g(config, Device::cpu);
    Discriminator d(config, Device::cpu);
    init_weights(g, 1), init_weights(d, 1);
    Optimizer opt_g({}, masters(g)), opt_d({}, masters(d));
    GanStep step{g, d, opt_g, opt_d, 1, step_counter(), Tensor::zeros({4, 8, 8, 1}), {}, Tensor::zeros({GanReport::size}), objective};
    for (int i = 0; i < 3; ++i) step();
    return step.report.values();
  };
  const GanObjective noisy{.label_noise = 0.3, .instance_noise = 0.5, .noise_steps = 2}, plain;
  CHECK(run(noisy) == run(noisy));
  CHECK(run(noisy) != run(plain));
}
