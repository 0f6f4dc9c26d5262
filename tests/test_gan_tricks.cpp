// Losses, penalties and tricks, one by one: against values worked out by hand, against finite differences, against what they promise.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/grad.h"
#include "models/ema.h"
#include "models/gan_step.h"
#include "models/minibatch_stddev.h"
#include "models/spectral_norm.h"
#include "tests/gradcheck.h"

using namespace duel;
using namespace duel::test;

namespace {

Tensor logits(std::vector<double> v) { return Tensor::from({static_cast<int64_t>(v.size()), 1, 1, 1}, v, DType::f64); }
double softplus_of(double t) { return std::log1p(std::exp(t)); }

}  // namespace

TEST_CASE("the losses at two logits, by hand") {
  const Tensor t = logits({1, -2});
  using Loss = AdversarialLoss;
  const auto close = [](const Tensor& got, double want) { CHECK(got.item() == doctest::Approx(want).epsilon(1e-12)); };
  close(d_loss_real(Loss::non_saturating, t), (softplus_of(-1) + softplus_of(2)) / 2);
  close(d_loss_fake(Loss::non_saturating, t), (softplus_of(1) + softplus_of(-2)) / 2);
  close(g_loss(Loss::non_saturating, t), (softplus_of(-1) + softplus_of(2)) / 2);
  close(g_loss(Loss::minimax, t), -(softplus_of(1) + softplus_of(-2)) / 2);
  close(d_loss_real(Loss::non_saturating, t, 0.9),
        .9 * (softplus_of(-1) + softplus_of(2)) / 2 + .1 * (softplus_of(1) + softplus_of(-2)) / 2);
  close(d_loss_real(Loss::least_squares, t), (0 + 9) / 4.0);
  close(d_loss_fake(Loss::least_squares, t), (1 + 4) / 4.0);
  close(g_loss(Loss::least_squares, t), (0 + 9) / 4.0);
  close(d_loss_real(Loss::hinge, t), (0 + 3) / 2.0);
  close(d_loss_fake(Loss::hinge, t), (2 + 0) / 2.0);
  close(g_loss(Loss::hinge, t), 0.5);
  close(d_loss_real(Loss::wasserstein, t), 0.5);
  close(d_loss_fake(Loss::wasserstein, t), -0.5);
  close(g_loss(Loss::wasserstein, t), 0.5);
  close(feature_matching(Tensor::from({2, 1, 1, 2}, {1, 2, 3, 4}, DType::f64), Tensor::from({2, 1, 1, 2}, {0, 0, 0, 2}, DType::f64)),
        4 + 4);
}

TEST_CASE("a target above 1 would leave the loss without a bound") {
  // At y = 1.05 and a logit of 64 the cross entropy is −3.2, and falls on: so such targets are refused.
  const double at_64 = softplus_of(64) - 1.05 * 64;
  CHECK(at_64 == doctest::Approx(-3.2));
  CHECK_THROWS_AS(d_loss_real(AdversarialLoss::non_saturating, logits({64}), 1.05), Error);
}

TEST_CASE("penalties of a critic whose gradient is known") {
  // D(x) = 3·Σx over four values: ‖∇D‖ = 6 everywhere.
  const auto critic = [](const Tensor& x) { return sum_per_sample(x) * 3; };
  const Tensor real = values({5, 2, 2, 1}, 1), fake = values({5, 2, 2, 1}, 2), drawn = positive({5, 1, 1, 1}, 3);
  CHECK(penalty_of(Penalty::wgan_gp, critic, real, fake, drawn).item() == doctest::Approx(25));
  CHECK(penalty_of(Penalty::r1, critic, real, fake, {}).item() == doctest::Approx(18));
  CHECK(penalty_of(Penalty::dragan, critic, real, fake, positive({5, 2, 2, 1}, 4)).item() == doctest::Approx(25));
}

TEST_CASE("where the penalties look") {
  // D(x) = Σ x²/2 has the gradient x itself: the penalty of two samples tells at which x̂ it was taken.
  const auto critic = [](const Tensor& x) { return sum_per_sample(square(x)) * 0.5; };
  const Tensor real = Tensor::from({2, 1, 1, 1}, {4, 8}, DType::f64), fake = Tensor::from({2, 1, 1, 1}, {0, 2}, DType::f64),
               drawn = Tensor::from({2, 1, 1, 1}, {.25, .5}, DType::f64);
  CHECK(penalty_of(Penalty::wgan_gp, critic, real, fake, drawn).item() == doctest::Approx((0 + 16) / 2.0));  // at 1 and 5
  CHECK(penalty_of(Penalty::r1, critic, real, fake, {}).item() == doctest::Approx((16 + 64) / 4.0));
  CHECK(penalty_of(Penalty::dragan, critic, real, fake, drawn).item() ==
        doctest::Approx((3.25 * 3.25 + 7.5 * 7.5) / 2));  // at 4.25 and 8.5: std 2
}

TEST_CASE("a step draws where its penalty looks uniformly, for each sample anew") {
  // The same step twice: once as it draws by itself, once with noise and ε that are drawn here.
  const GanConfig config{.h = 8, .w = 8, .channels = 1, .nz = 3, .ngf = 2, .ndf = 3, .d_norm = Norm::layer, .precision = DType::f64};
  constexpr int64_t n = 4, seed = 6;
  const auto penalty = [&](auto&& take) {
    Generator g(config, Device::cpu);
    Discriminator d(config, Device::cpu);
    init_weights(g, 1, Init::glorot), init_weights(d, 1, Init::glorot);
    Optimizer opt_g({}, masters(g)), opt_d({}, masters(d));
    const Tensor counter = step_counter(3), real = Rng{5}.uniform({n, 8, 8, 1}, counter, -1, 1, DType::f64);
    GanStep step{g, d, opt_g, opt_d, seed, counter.clone(), real, {}, Tensor::zeros({GanReport::size}), {.penalty = Penalty::wgan_gp}};
    take(step, counter);
    return step.read().penalty;
  };
  const Rng draws{seed, RandomStream::penalty}, noise{seed, RandomStream::noise};
  const auto with = [&](auto&& mix) {
    return penalty([&](GanStep& step, const Tensor& counter) {
      step(noise.normal({n, 1, 1, 3}, counter, 0, 1, DType::f64), mix(counter));
    });
  };
  const double its_own = penalty([](GanStep& step, const Tensor&) { step(); });
  CHECK(its_own == with([&](const Tensor& counter) { return draws.uniform({n, 1, 1, 1}, counter); }));
  CHECK(its_own != with([&](const Tensor& counter) { return draws.normal({n, 1, 1, 1}, counter); }));
}

TEST_CASE("each penalty's own derivative with respect to the critic, against finite differences") {
  const Tensor real = values({3, 8, 8, 1}, 21), fake = values({3, 8, 8, 1}, 22);
  const Tensors w{values({2, 4, 4, 1}, 1), values({3, 4, 4, 2}, 2), positive({3}, 3), values({3}, 4), values({1, 2, 2, 3}, 5)};
  for (Penalty kind : {Penalty::wgan_gp, Penalty::r1, Penalty::dragan})
    for (Norm norm : {Norm::none, Norm::layer, Norm::instance, Norm::spectral}) {
      GradCase c{"penalty", fmt::format("{} {}", penalty_names[static_cast<int>(kind)], norm_names[static_cast<int>(norm)]), w,
                 [=](const Tensors& t) {
                   const auto critic = [&](const Tensor& x) {
                     Tensor h = leaky_relu(conv2d(x, t[0], {.stride = 2, .pad = 1}), 0.2);
                     const Tensor second =
                         norm == Norm::spectral ? spectral_norm(t[1], values({3}, 6).detach(), values({32}, 7).detach()) : t[1];
                     h = conv2d(h, second, {.stride = 2, .pad = 1});
                     if (norm == Norm::layer) h = layer_norm(h, t[2], t[3]);
                     if (norm == Norm::instance) h = instance_norm(h, t[2], t[3]);
                     return conv2d(leaky_relu(h, 0.2), t[4]);
                   };
                   const Shape drawn = kind == Penalty::dragan ? Shape{3, 8, 8, 1} : Shape{3, 1, 1, 1};
                   return penalty_of(kind, critic, real, fake, positive(drawn, 8));
                 }};
      const GradResult r = gradcheck(c);
      CHECK_MESSAGE(r.passed, r.message);
    }
}

TEST_CASE("power iteration finds the largest singular value, and the normalised weight's is 1") {
  // diag(3, 2) between rotations, as [2, 1, 1, 2] and, with the output last, as a transposed convolution's weight.
  const double a = 0.6, b = 0.8;
  const Tensor w = Tensor::from({2, 1, 1, 2}, {3 * a, 3 * b, -2 * b, 2 * a}, DType::f64);
  for (LeavesBy axis : {LeavesBy::first_axis, LeavesBy::last_axis}) {
    const Tensor u = Tensor::from({2}, {.3, .9}, DType::f64), v = Tensor::from({2}, {1, 0}, DType::f64);
    for (int i = 0; i < 60; ++i) power_iteration(w, u, v, axis);
    const std::vector<double> normed = spectral_norm(w, u, v, axis).values();
    CHECK(normed[0] == doctest::Approx(a).epsilon(1e-9));
    CHECK(normed[1] == doctest::Approx(b).epsilon(1e-9));
    CHECK(normed[2] == doctest::Approx(-2 * b / 3).epsilon(1e-9));
  }
  // Not square: the output is the last axis, 3 values from 2·4.
  const Tensor t = values({2, 2, 2, 3}, 9), u = values({3}, 1), v = values({8}, 2);
  for (int i = 0; i < 200; ++i) power_iteration(t, u, v, LeavesBy::last_axis);
  const Tensor m = reshape(spectral_norm(t, u, v, LeavesBy::last_axis), {8, 3}), gram = matmul(m, m, true, false);  // largest eigenvalue 1
  Tensor x = reshape(values({3}, 3), {3, 1});
  double value = 0;
  for (int i = 0; i < 200; ++i) {
    const Tensor next = matmul(gram, x);
    value = sum(mul(next, x)).item() / sum(square(x)).item();
    x = next * (1 / std::sqrt(sum(square(next)).item()));
  }
  CHECK(value == doctest::Approx(1).epsilon(1e-9));
  CHECK_THROWS_AS(spectral_norm(t, v, u, LeavesBy::last_axis), Error);
}

TEST_CASE("the derivative of a normalised weight, σ's dependence included") {
  const Tensor u = values({3}, 1), v = values({8}, 2);
  const GradCase c{"spectral_norm", "", {values({3, 2, 2, 2}, 3)}, [=](const Tensors& t) { return square(spectral_norm(t[0], u, v)); }};
  for (const GradResult& r : {gradcheck(c), gradgradcheck(c)}) CHECK_MESSAGE(r.passed, r.message);
}

TEST_CASE("minibatch standard deviation: one number beside all features, zero for equal samples") {
  const Tensor x = Tensor::from({2, 1, 2, 1}, {1, 5, 3, 5}, DType::f64);  // deviations 1 and 0
  const std::vector<double> y = with_minibatch_stddev(x).values();
  for (size_t i : {1u, 3u, 5u, 7u}) CHECK(y[i] == doctest::Approx((std::sqrt(1 + 1e-8) + 1e-4) / 2));
  CHECK(y[0] == 1);
  CHECK(y[6] == 5);
  const GradCase c{"minibatch_stddev", "", {values({3, 2, 2, 2}, 1)}, [](const Tensors& t) { return square(with_minibatch_stddev(t[0])); }};
  for (const GradResult& r : {gradcheck(c), gradgradcheck(c)}) CHECK_MESSAGE(r.passed, r.message);
}

TEST_CASE("real and generated images side by side in D: the gradients of a pass each") {
  const auto with = [](auto change) {
    GanConfig c{.h = 8, .w = 8, .channels = 1, .nz = 3, .ngf = 2, .ndf = 3, .precision = DType::f64};
    change(c);
    return c;
  };
  struct Kind {
    const char* name;
    GanConfig config;
    AdversarialLoss loss = AdversarialLoss::non_saturating;
  };
  const Kind kinds[] = {
      {"batch norm", with([](GanConfig&) {})},
      {"deviation of a minibatch", with([](GanConfig& c) { c.minibatch_stddev = true; }), AdversarialLoss::hinge},
      {"dropout", with([](GanConfig& c) { c.dropout = 0.4; }), AdversarialLoss::least_squares},
      {"labels", with([](GanConfig& c) { c.classes = 3, c.label_in_d = LabelInD::projection; }), AdversarialLoss::wasserstein},
      {"Keras's net", with([](GanConfig& c) { c.net = GanNet::keras, c.dropout = 0.2; })},
  };
  for (const Kind& kind : kinds) {
    INFO(std::string(kind.name));
    constexpr int64_t n = 4;
    constexpr int64_t seed = 6;
    const auto made = [&] {
      std::pair<Generator, Discriminator> nets{Generator(kind.config, Device::cpu), Discriminator(kind.config, Device::cpu)};
      init_weights(nets.first, 1, Init::glorot), init_weights(nets.second, 1, Init::glorot);
      return nets;
    };
    auto [g, d] = made();
    auto [g_apart, d_apart] = made();
    Optimizer opt_g({}, masters(g)), opt_d({}, masters(d));
    const Tensor counter = step_counter(3), real = Rng{5}.uniform({n, 8, 8, 1}, counter, -1, 1, DType::f64),
                 z = Rng{5}.normal({n, 1, 1, 3}, counter, 0, 1, DType::f64);
    const Tensor labels = kind.config.classes ? Tensor::from({n}, {2, 0, 1, 1}, DType::i32, Device::cpu) : Tensor();
    GanStep step{g, d, opt_g, opt_d, seed, counter.clone(), real, labels, Tensor::zeros({GanReport::size}), {.loss = kind.loss}};
    StepSeen seen;
    step.look = &seen;
    step(z, {});

    const auto pass = [&](int number) { return Pass{Mode::train, labels, {seed, counter, number}}; };
    const Tensor fake = g_apart(z, pass(0)).detach();
    const Tensor of_real = d_apart(real, pass(0)), of_fake = d_apart(fake, pass(1));
    const Tensors expected = grad(d_loss_real(kind.loss, of_real) + d_loss_fake(kind.loss, of_fake), used(d_apart));
    REQUIRE(seen.gradient_d.size() == expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const std::vector<double> got = seen.gradient_d[i].values(), want = expected[i].values();
      for (size_t k = 0; k < want.size(); ++k) REQUIRE(std::fabs(got[k] - want[k]) < 1e-12 * (1 + std::fabs(want[k])));
    }
    const GanReport report = step.read();
    CHECK(report.score_real == doctest::Approx(mean(of_real).item()));
    CHECK(report.score_fake == doctest::Approx(mean(of_fake).item()));
    CHECK(report.d_real == doctest::Approx(mean(sigmoid(of_real)).item()));
    CHECK(report.d_fake == doctest::Approx(mean(sigmoid(of_fake)).item()));
    const double between = kind.loss == AdversarialLoss::least_squares ? 0.5 : 0;
    CHECK(report.real_right == doctest::Approx(mean(duel::step(of_real - between)).item()));
    CHECK(report.fake_right == doctest::Approx(mean(duel::step(affine(of_fake, -1, between))).item()));
    // G's step passes through D once more, so the running statistics take in a third batch.
    const Tensor again = g_apart(z, pass(0)).detach();
    Optimizer follow({}, masters(d_apart));
    follow.step(expected);
    d_apart(again, pass(3));
    std::vector<double> running, running_apart;
    d.each({{}, [&](const std::string&, Tensor& t) {
              for (double v : t.values()) running.push_back(v);
            }});
    d_apart.each({{}, [&](const std::string&, Tensor& t) {
                    for (double v : t.values()) running_apart.push_back(v);
                  }});
    REQUIRE(running.size() == running_apart.size());
    for (size_t i = 0; i < running.size(); ++i) CHECK(running[i] == doctest::Approx(running_apart[i]).epsilon(1e-9));
  }
}

TEST_CASE("the average of G follows it by its ramp, and copies the running statistics") {
  const GanConfig config{.h = 8, .w = 8, .channels = 1, .nz = 2, .ngf = 2, .ndf = 2};
  Generator g(config, Device::cpu);
  init_weights(g, 1);
  Ema<Generator> ema(g, 0.75);
  const double first = masters(g)[0].values()[0];
  g.each({[](const std::string&, Weight& w) { w.master.assign((w.master + 1).detach()); },
          [](const std::string&, Tensor& t) { t.assign(Tensor::full(t.shape(), 7)); }});
  const Tensor step = step_counter(6);  // 6/(9 + 6) = .4, below .75
  ema.update(g, step);
  CHECK(masters(ema.average)[0].values()[0] == doctest::Approx(first + 0.6));
  ema.update(g, step_counter(1000));
  CHECK(masters(ema.average)[0].values()[0] == doctest::Approx(first + 1 - 0.4 * 0.75));
  ema.average.each({{}, [](const std::string&, Tensor& t) { CHECK(t.values()[0] == 7); }});
}

TEST_CASE("a soft label between classes is the hard one at its ends") {
  for (LabelInG in_g : {LabelInG::one_hot, LabelInG::embedding, LabelInG::norm}) {
    const GanConfig config{.h = 8, .w = 8, .channels = 1, .nz = 2, .ngf = 2, .ndf = 2, .classes = 3, .label_in_g = in_g};
    Generator g(config, Device::cpu);
    init_weights(g, 1);
    const Tensor z = Rng{1}.normal({2, 1, 1, 2}, step_counter());
    const Tensor hard = g(z, {Mode::infer, Tensor::from({2}, {2, 0}, DType::i32)}),
                 soft = g(z, {Mode::infer, Tensor::from({2, 3}, {0, 0, 1, 1, 0, 0})});
    const std::vector<double> a = hard.values(), b = soft.values();
    for (size_t i = 0; i < a.size(); ++i) REQUIRE(a[i] == doctest::Approx(b[i]).epsilon(1e-5));
  }
}

namespace {

// Both nets' weights after two steps of plain gradient descent on 24 images, what the second reported, and what D said in it.
struct Trained {
  std::vector<double> weights, report, said;
  long alive = 0;  // tensors at most, seen where D is shown images, where there is a transform
};
Trained two_steps(const GanConfig& config, GanObjective objective, int parts, bool transformed = false) {
  objective.accumulate = parts;
  check_objective(objective, config);
  Generator g(config, Device::cpu);
  Discriminator d(config, Device::cpu);
  init_weights(g, 1, Init::glorot), init_weights(d, 1, Init::glorot);
  Optimizer opt_g({.kind = OptimizerKind::sgd, .lr = 0.1}, masters(g), copies(g)),
      opt_d({.kind = OptimizerKind::sgd, .lr = 0.1}, masters(d), copies(d));
  constexpr int64_t n = 24;
  const int64_t judged = 2 * n / objective.critic_steps;
  GanStep step{g, d, opt_g, opt_d, 1, step_counter(), Tensor({n, config.h, config.w, 1}, config.precision, Device::cpu)};
  step.report = Tensor::zeros({GanReport::size});
  step.said = Tensor::zeros({judged});
  step.objective = objective;
  std::vector<double> classes;
  for (int i = 0; i < n; ++i) classes.push_back(i % 3);
  if (config.classes) step.labels = Tensor::from({n}, classes, DType::i32, Device::cpu);
  long alive = 0;
  if (transformed)
    step.transform = [&](const Tensor& x, int pass) {
      alive = std::max(alive, Tensor::live());
      const int64_t count = x.shape()[0];
      return x * Rng{2}.uniform({count, 1, 1, 1}, step.step, 0.5, 1, x.dtype(), pass * count);
    };
  long live = Tensor::live();
  for (int i = 0; i < 2; ++i) {
    step.real.assign(Rng{5}.uniform(step.real.shape(), step_counter(i), -1, 1, config.precision));
    step();
    if (i == 0) live = Tensor::live();  // the first makes the targets
  }
  CHECK(Tensor::live() == live);
  Trained trained{{}, step.report.values(), step.said.values(), alive - live};
  for (const Tensors& list : {masters(g), masters(d)})
    for (const Tensor& w : list)
      for (double v : w.values()) trained.weights.push_back(v);
  return trained;
}
double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::fabs(a[i] - b[i]));
  return largest;
}

}  // namespace

TEST_CASE("what D says of a real image is right above zero, whatever noise makes of its target") {
  const GanConfig config{.h = 8, .w = 8, .channels = 1, .nz = 2, .ngf = 2, .ndf = 2};
  const Trained soft = two_steps(config, {.real_is = 0.6, .label_noise = 0.29}, 1);  // targets from .31 to .6
  double above = 0;
  for (size_t i = 0; i < soft.said.size() / 2; ++i) above += soft.said[i] > 0;
  CHECK(soft.report[1] == doctest::Approx(above / (static_cast<double>(soft.said.size()) / 2)));  // real_right
}

TEST_CASE("without batch norm, the mean gradient of small batches is that of one large one, all randomness included") {
  const GanConfig nets{.net = GanNet::small_mlp, .h = 4, .w = 4, .channels = 1, .nz = 3, .ngf = 4, .ndf = 4, .precision = DType::f64};
  const auto with = [&](auto change) {
    GanConfig c = nets;
    change(c);
    return c;
  };
  struct Kind {
    const char* name;
    GanConfig config;
    GanObjective objective = {};
    bool transformed = false;
  };
  using Loss = AdversarialLoss;
  const GanConfig plain = with([](GanConfig& c) { c.d_norm = Norm::none; });
  const Kind kinds[] = {
      {"layer norm", with([](GanConfig& c) { c.d_norm = Norm::layer; })},
      {"dropout", with([](GanConfig& c) { c.d_norm = Norm::none, c.dropout = 0.3; })},
      {"noise on labels and images", plain, {.real_is = 0.9, .label_noise = 0.05, .instance_noise = 0.2, .l1 = 1e-3}},
      {"wgan-gp", plain, {.loss = Loss::wasserstein, .penalty = Penalty::wgan_gp, .penalty_weight = 1, .critic_steps = 2}},
      {"clipped, transformed", plain, {.loss = Loss::wasserstein, .clip = 0.2, .critic_steps = 2}, true},
      {"spectral norm, labels",
       with([](GanConfig& c) {
         c.d_norm = Norm::spectral, c.classes = 3, c.label_in_g = LabelInG::embedding, c.label_in_d = LabelInD::projection;
       }),
       {.loss = Loss::hinge}}};
  for (const Kind& kind : kinds) {
    INFO(std::string(kind.name));
    const Trained whole = two_steps(kind.config, kind.objective, 1, kind.transformed);
    for (int parts : {2, 4}) {
      const Trained in_parts = two_steps(kind.config, kind.objective, parts, kind.transformed);
      CHECK(largest_difference(whole.weights, in_parts.weights) < 1e-13);
      CHECK(largest_difference(whole.report, in_parts.report) < 1e-5);  // written in f32
      CHECK(largest_difference(whole.said, in_parts.said) < 1e-5);
    }
    GanConfig narrow = kind.config;
    narrow.precision = DType::bf16;
    const Trained small = two_steps(narrow, kind.objective, 4, kind.transformed),
                  again = two_steps(narrow, kind.objective, 4, kind.transformed);
    CHECK(small.weights == again.weights);
    CHECK(largest_difference(whole.weights, small.weights) < 0.02);
  }
}

TEST_CASE("nothing that a batch needed outlives it: as many tensors are alive for many batches as for two") {
  const GanConfig config{.net = GanNet::small_mlp, .h = 4, .w = 4, .channels = 1, .nz = 3, .ngf = 4, .ndf = 4, .d_norm = Norm::none};
  const long of_two = two_steps(config, {}, 2, true).alive, of_twelve = two_steps(config, {}, 12, true).alive;
  CHECK(of_two > 8);
  CHECK(of_twelve == of_two);
}

TEST_CASE("batch norm sees each of the small batches by itself, and refuses none") {
  const GanConfig config{.h = 8, .w = 8, .channels = 1, .nz = 3, .ngf = 4, .ndf = 4, .precision = DType::f64};
  const Trained whole = two_steps(config, {}, 1), in_parts = two_steps(config, {}, 4);
  CHECK(largest_difference(whole.weights, in_parts.weights) > 1e-4);
  CHECK_THROWS_WITH_AS(check_objective({.accumulate = 0}, config), "--accumulate 0: 1 to 1000 batches for an update", Error);
  CHECK_THROWS_AS(check_objective({.accumulate = 1001}, config), Error);
}
