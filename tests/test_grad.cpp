// Derivatives of first and second order of every op, against differences; and what grad() promises besides.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/grad.h"
#include "engine/ops.h"
#include "kernels/registry.h"
#include "models/gan_step.h"
#include "tests/gradcheck.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

TEST_CASE("every op's derivative equals the difference quotient") {
  for (const GradCase& c : grad_cases()) {
    const GradResult r = gradcheck(c);
    CHECK_MESSAGE(r.passed, r.message);
  }
}

TEST_CASE("every op's second derivative equals the difference quotient of the first") {
  for (const GradCase& c : grad_cases()) {
    const GradResult r = gradgradcheck(c);
    CHECK_MESSAGE(r.passed, r.message);
  }
}

TEST_CASE("the check itself sees a wrong derivative") {
  // x² recorded with the derivative of x: first order wrong; x² recorded with a derivative that forgets its own graph: second order wrong.
  const Tensor x = values({3}, 1, 0.5);
  const GradCase wrong_first{"wrong", "", {x}, [](const Tensors& t) {
                               Tensor y;
                               {
                                 NoGrad stop;
                                 y = square(t[0]);
                               }
                               return record("wrong", y, {t[0]}, [](const Tensor&, const Tensor& g, Needs) { return Tensors{g}; });
                             }};
  CHECK_FALSE(gradcheck(wrong_first).passed);
  const GradCase wrong_second{"wrong", "", {x}, [](const Tensors& t) {
                                Tensor y;
                                {
                                  NoGrad stop;
                                  y = square(t[0]);
                                }
                                return record("wrong", y, {t[0]}, [x = t[0].detach()](const Tensor&, const Tensor& g, Needs) {
                                  return Tensors{mul(affine(x, 2, 0), g)};
                                });
                              }};
  CHECK(gradcheck(wrong_second).passed);
  CHECK_FALSE(gradgradcheck(wrong_second).passed);
}

TEST_CASE("an op without a rule throws with its name") {
  const Tensor x = values({3}, 1);
  Tensor y;
  {
    NoGrad stop;
    y = square(x);
  }
  y = record("ruleless", y, {x}, nullptr);
  CHECK_THROWS_WITH_AS(grad(sum(y), {x}), "[ruleless] has no derivative; the gradient stops here, and silence would make it wrong", Error);
}

TEST_CASE("the third derivative of x⁴ is 24x") {
  const Tensor x = values({3}, 1);
  Tensor d = square(square(x));
  for (int order = 0; order < 3; ++order) d = grad(sum(d), {x}, create_graph)[0];
  const std::vector<double> got = d.values(), at = x.values();
  for (size_t i = 0; i < at.size(); ++i) CHECK(got[i] == doctest::Approx(24 * at[i]));
}

TEST_CASE("batch norm: the fused derivative equals the composed one") {
  for (Act act : {Act::none, Act::relu, Act::leaky_relu}) {
    const Tensor x = values({4, 3, 3, 5}, 1), gamma = positive({5}, 2), beta = values({5}, 3);
    const BatchNorm bn{gamma, beta, Tensor::zeros({5}, DType::f64), Tensor::full({5}, 1, DType::f64)};
    auto loss = [&] { return sum(mul(batch_norm(x, bn, {act, 0.2}), values(x.shape(), 4))); };
    const Tensors fused = grad(loss(), {x, gamma, beta}), composed = grad(loss(), {x, gamma, beta}, create_graph);
    for (size_t i = 0; i < fused.size(); ++i) {
      const std::vector<double> a = fused[i].values(), b = composed[i].values();
      for (size_t j = 0; j < a.size(); ++j) CHECK(a[j] == doctest::Approx(b[j]).epsilon(1e-9));
    }
  }
}

TEST_CASE("bias and activation: value and derivatives are those of an addition and an activation") {
  for (const auto& [act, slope] :
       {std::pair{Act::none, 0.0}, {Act::relu, 0.0}, {Act::leaky_relu, 0.2}, {Act::leaky_relu, 0.0}, {Act::tanh, 0.0}, {Act::sigmoid, 0.0}})
    for (const Shape& shape : {Shape{4, 3, 3, 5}, Shape{7, 5}}) {
      const Tensor x = values(shape, 1), b = values({5}, 2), weights = values(shape, 3);
      const Tensor y = bias_activation(x, b, {act, slope}), apart = activation(add(x, b), act, slope);
      CHECK(y.values() == apart.values());
      const Tensors fused = grad(sum(mul(y, weights)), {x, b}), composed = grad(sum(mul(y, weights)), {x, b}, create_graph),
                    two = grad(sum(mul(apart, weights)), {x, b});
      for (size_t i = 0; i < 2; ++i) {
        const std::vector<double> a = fused[i].values(), b = composed[i].values(), c = two[i].values();
        for (size_t j = 0; j < a.size(); ++j) {
          CHECK(a[j] == doctest::Approx(b[j]).epsilon(1e-12));
          CHECK(a[j] == doctest::Approx(c[j]).epsilon(1e-12));
        }
      }
    }
}

TEST_CASE("bias and activation: its gradient is one row, and the bias' is not computed where nobody asks for it") {
  const Tensor x = values({6, 5}, 1), b = values({5}, 2), y = bias_activation(x, b, {Act::relu});
  const auto ran = [&](const Tensors& wrt, const char* without) {  // an override that has no such row: asking for one throws
    ScopedVariant poison(without);
    vjp(y, x, wrt);
  };
  CHECK_NOTHROW(ran({x, b}, "activation_grad:none,reduce:none"));
  CHECK_NOTHROW(ran({x}, "bias_activation_grad:none"));
  CHECK_THROWS_AS(ran({x, b}, "bias_activation_grad:none"), Error);
}

TEST_CASE("bias and activation: the gradient of a bf16 bias is f32") {
  const Tensor x = Tensor::from({2, 3}, {1, 2, 3, 4, 5, 6}, DType::bf16), b = Tensor::from({3}, {-1, -7, 1}, DType::bf16);
  const Tensor y = bias_activation(x, b, {Act::relu});
  CHECK(y.dtype() == DType::bf16);
  CHECK(y.values() == std::vector<double>{0, 0, 4, 3, 0, 7});
  const Tensors g = vjp(y, Tensor::full({2, 3}, 1, DType::bf16), {x, b});
  CHECK(g[0].dtype() == DType::bf16);
  CHECK(g[0].values() == std::vector<double>{0, 0, 1, 1, 0, 1});
  CHECK(g[1].dtype() == DType::f32);
  CHECK(g[1].values() == std::vector<double>{1, 0, 2});
}

TEST_CASE("bias and activation: what its output does not tell the derivative of is refused") {
  const Tensor x = values({2, 3}, 1), b = values({3}, 2);
  CHECK_THROWS_AS(bias_activation(x, b, {Act::softplus}), Error);
  CHECK_THROWS_AS(bias_activation(x, b, {Act::leaky_relu, -0.2}), Error);
  CHECK_THROWS_AS(bias_activation(x, values({2}, 2), {Act::relu}), Error);
  CHECK_THROWS_AS(bias_activation(x, values({1, 3}, 2), {Act::relu}), Error);
}

TEST_CASE("layer and instance norm: the fused derivative equals the composed one") {
  for (const auto f : {layer_norm, instance_norm})
    for (Act act : {Act::none, Act::relu, Act::leaky_relu}) {
      const Tensor x = values({4, 3, 3, 5}, 1), gamma = positive({5}, 2), beta = values({5}, 3);
      auto loss = [&] { return sum(mul(f(x, gamma, beta, {act, 0.2}, 1e-5), values(x.shape(), 4))); };
      const Tensors fused = grad(loss(), {x, gamma, beta}), composed = grad(loss(), {x, gamma, beta}, create_graph);
      for (size_t i = 0; i < fused.size(); ++i) {
        const std::vector<double> a = fused[i].values(), b = composed[i].values();
        for (size_t j = 0; j < a.size(); ++j) CHECK(a[j] == doctest::Approx(b[j]).epsilon(1e-9));
      }
    }
}

TEST_CASE("layer and instance norm: the fused derivative of a gradient equals the composed one") {
  for (const auto f : {layer_norm, instance_norm})
    for (Act act : {Act::none, Act::leaky_relu}) {
      const Tensor x = values({4, 3, 3, 5}, 1), gamma = positive({5}, 2), beta = values({5}, 3), weights = values(x.shape(), 4);
      const auto penalty = [&](bool recorded) {  // 0 for beta, and so is it where no path leads there
        const Tensor slope = grad(sum(mul(f(x, gamma, beta, {act, 0.2}, 1e-5), weights)), {x}, create_graph)[0];
        forget_rows_run();
        return grad(sum(square(slope)), {x, gamma, beta}, recorded);
      };
      const auto fused_ran = [] {
        const std::vector<const Row*> ran = rows_run();
        return std::any_of(ran.begin(), ran.end(), [](const Row* row) { return row->op == std::string("sample_norm_double_bwd"); });
      };
      const Tensors fused = penalty(false);
      CHECK(fused_ran());
      const Tensors composed = penalty(create_graph);
      CHECK(!fused_ran());
      for (size_t i = 0; i < fused.size(); ++i) {
        const std::vector<double> a = fused[i].values(), b = composed[i].values();
        for (size_t j = 0; j < a.size(); ++j) CHECK(a[j] == doctest::Approx(b[j]).epsilon(1e-9));
      }
    }
}

TEST_CASE("a GAN's loss brings the gradient that grad() begins with, and works out any other") {
  const Tensor t = values({6, 1}, 1), targets = values({2}, 2);
  const auto slope = [&](double factor, bool first, bool recorded) {  // first: nothing is left to do but to hand it over
    const Tensor loss = gan_loss(t, targets, JudgedBy::squares).loss;
    forget_rows_run();
    const Tensor g = grad(factor == 1 ? loss : loss * factor, {t}, recorded)[0];
    const std::vector<const Row*> ran = rows_run();
    CHECK(std::any_of(ran.begin(), ran.end(), [](const Row* row) { return row->op == std::string("gan_loss_grad"); }) !=
          (first || recorded));
    return g.values();
  };
  const std::vector<double> one = slope(1, true, false), half = slope(0.5, false, false), composed = slope(1, false, true);
  for (size_t i = 0; i < one.size(); ++i) {
    CHECK(half[i] == 0.5 * one[i]);
    CHECK(composed[i] == doctest::Approx(one[i]).epsilon(1e-12));
  }
  const Tensor twice = gan_loss(t, targets, JudgedBy::squares).loss;
  CHECK(grad(twice + twice, {t})[0].values()[3] == 2 * one[3]);
  const Tensor seed = Tensor::full({}, 1, t.dtype());  // a one that nobody has announced
  CHECK(vjp(twice, seed, {t})[0].values() == one);
}

TEST_CASE("no gradient is computed that nobody asked for") {
  const Tensor x = values({2, 8, 8, 2}, 1), w = values({3, 4, 4, 2}, 2);
  const Tensor y = sum(conv2d(x, w, {.stride = 2, .pad = 1}));
  const auto ran = [&](const Tensors& wrt) {  // which ops run: counted through an override that has no such row, so asking for one throws
    ScopedVariant poison("conv2d_wgrad:none");
    grad(y, wrt);
  };
  CHECK_NOTHROW(ran({x}));
  CHECK_THROWS_AS(ran({w}), Error);
}

TEST_CASE("the gradient of a bf16 tensor through a cast is not rounded, and other ops of it still take theirs") {
  const Tensor x = Tensor::from({3}, {1, 2, 3}, DType::bf16), exact = Tensor::from({3}, {1.001, 2.003, 3.007});
  const Tensor g = grad(sum(mul(cast(x, DType::f32), exact)), {x})[0];
  CHECK(g.dtype() == DType::f32);
  CHECK(g.values() == exact.values());
  const Tensor through = grad(sum(mul(cast(square(x), DType::f32), exact)), {x})[0];
  for (size_t i = 0; i < 3; ++i) CHECK(through.values()[i] == doctest::Approx(2 * x.values()[i] * exact.values()[i]).epsilon(0.01));
}

TEST_CASE("live tensors return to where they were after each step") {
  const GanConfig config{.h = 16, .w = 16, .channels = 1, .nz = 4, .ngf = 2, .ndf = 2};
  Generator g(config, Device::cpu);
  Discriminator d(config, Device::cpu);
  init_weights(g, 1), init_weights(d, 1);
  Optimizer opt_g({}, masters(g)), opt_d({}, masters(d));
  GanStep step{g, d, opt_g, opt_d, 1, step_counter(), Tensor::zeros({4, 16, 16, 1}), {}, Tensor::zeros({GanReport::size})};
  step();
  const long before = Tensor::live();
  for (int i = 0; i < 3; ++i) step();
  CHECK(Tensor::live() == before);
}

namespace {

// A DCGAN's D in miniature, as a function of its weights.
Tensor small_d(const Tensors& w, const Tensor& x) {
  Tensor h = leaky_relu(conv2d(x, w[0], {.stride = 2, .pad = 1}), 0.2);
  const BatchNorm bn{w[2], w[3], Tensor::zeros({3}, DType::f64), Tensor::full({3}, 1, DType::f64)};
  h = batch_norm(conv2d(h, w[1], {.stride = 2, .pad = 1}), bn, {Act::leaky_relu, 0.2});
  return conv2d(h, w[4]);
}
Tensors small_weights() {
  return {values({2, 4, 4, 1}, 1), values({3, 4, 4, 2}, 2), positive({3}, 3), values({3}, 4), values({1, 2, 2, 3}, 5)};
}

}  // namespace

TEST_CASE("the whole DCGAN loss of D, and of G through D") {
  constexpr AdversarialLoss loss = AdversarialLoss::non_saturating;
  const Tensor real = values({3, 8, 8, 1}, 11), z = values({3, 4, 4, 2}, 12);
  GradCase d_loss{"dcgan", "D", small_weights(), [=](const Tensors& w) {
                    return d_loss_real(loss, small_d(w, real)) + d_loss_fake(loss, small_d(w, values({3, 8, 8, 1}, 13)));
                  }};
  GradResult r = gradcheck(d_loss);
  CHECK_MESSAGE(r.passed, r.message);
  GradCase g_case{"dcgan", "G", {values({2, 4, 4, 1}, 14)}, [=](const Tensors& w) {
                    return g_loss(loss, small_d(small_weights(), tanh(conv_transpose2d(z, w[0], {.stride = 2, .pad = 1}))));
                  }};
  r = gradcheck(g_case);
  CHECK_MESSAGE(r.passed, r.message);
}

TEST_CASE("the whole WGAN-GP loss: a gradient inside the loss") {
  const Tensor real = values({3, 8, 8, 1}, 21), fake = values({3, 8, 8, 1}, 22);
  const Tensors w = small_weights();
  auto critic = [](const Tensors& w, const Tensor& x) {  // no batch norm: the penalty is per sample
    const Tensor h = leaky_relu(conv2d(x, w[0], {.stride = 2, .pad = 1}), 0.2);
    return conv2d(leaky_relu(conv2d(h, w[1], {.stride = 2, .pad = 1}), 0.2), w[2]);
  };
  GradCase loss{"wgan-gp", "critic", {w[0], w[1], w[4]}, [=](const Tensors& t) {
                  const Tensor eps = Tensor::from({3, 1, 1, 1}, {.25, .5, .8}, DType::f64);
                  const Tensor x_hat = add(mul(real, eps), mul(fake, affine(eps, -1, 1)));
                  const Tensor gx = grad(sum(critic(t, x_hat)), {x_hat}, create_graph)[0];
                  const Tensor penalty = mean(square(sqrt(sum_per_sample(square(gx)) + 1e-12) - 1));
                  return mean(critic(t, fake)) - mean(critic(t, real)) + 10 * penalty;
                }};
  const GradResult r = gradcheck(loss);
  CHECK_MESSAGE(r.passed, r.message);
}

TEST_CASE("convolution and transposed convolution are adjoint, exactly, on integers") {
  for (const char* text : {"n2h8w8c3k4r4u2pad1", "n2h6w5c2k3r3s2u2v1top0left1p3q5", "n1h9w9c3k5r5u3pad2"}) {
    const Conv2dProblem d = Conv2dProblem::parse(text);
    auto integers = [](const Shape& shape, int seed) {
      std::vector<double> v = values(shape, seed).values();
      for (double& x : v) x = std::round(4 * x);
      return Tensor::from(shape, v);
    };
    const Tensor x = integers({d.n, d.h, d.w, d.c}, 1), w = integers({d.k, d.r, d.s, d.c}, 2), y = integers({d.n, d.p, d.q, d.k}, 3);
    const double left = sum(mul(conv2d_fwd(x, w, d), y)).item(), right = sum(mul(x, conv2d_dgrad(y, w, d))).item();
    CHECK(left == right);
    CHECK(left == sum(mul(w, conv2d_wgrad(x, y, d))).item());
  }
}

TEST_CASE("a seed that is not like the output is refused") {
  const Tensor x = values({3}, 1), y = square(x);
  CHECK_THROWS_AS(vjp(y, values({5}, 2), {x}), Error);
  CHECK_THROWS_AS(vjp(y, Tensor::zeros({3}, DType::f32), {x}), Error);
}

TEST_CASE("one-element tensors keep the higher rank, whichever side it is on") {
  const Tensor scalar = values({}, 1), one = values({1}, 2), four = values({1, 1, 1, 1}, 3);
  for (const auto& [a, b] : {std::pair{scalar, one}, {scalar, four}, {one, four}}) {
    CHECK(add(a, b).shape() == b.shape());
    CHECK(add(b, a).shape() == b.shape());
  }
}

TEST_CASE("a long history is freed without recursion") {
  Tensor x = values({1}, 1);
  for (int i = 0; i < 300000; ++i) x = affine(x, 1, 1);
  const long before = Tensor::live();
  x = {};
  CHECK(Tensor::live() < before - 299000);
}

TEST_CASE("layer and instance norm refuse what they cannot normalise, in one line that leads with their name") {
  const Tensor x = values({2, 3, 3, 4}, 1), c = values({4}, 2), three = values({3}, 2);
  const auto refused = [](const char* op, const std::function<void()>& f) {
    try {
      f();
      FAIL_CHECK(std::string(op) << " accepted it");
    } catch (const Error& error) {
      const std::string what = error.what();
      CHECK_MESSAGE(what.rfind(std::string("[") + op + "] ", 0) == 0, what);
      CHECK_MESSAGE(what.find('\n') == std::string::npos, what);
    }
  };
  refused("layer_norm", [&] { layer_norm(x, three, c); });
  refused("layer_norm", [&] { layer_norm(x, c, Tensor()); });
  refused("layer_norm", [&] { layer_norm(Tensor(), c, c); });
  refused("layer_norm", [&] { layer_norm(x, cast(c, DType::f32), c); });
  refused("layer_norm", [&] { layer_norm(x, c, c, {Act::tanh}); });
  refused("layer_norm", [&] { layer_norm(values({4}, 1), c, c); });
  refused("layer_norm", [&] { layer_norm(values({4, 1}, 1), values({1}, 2), values({1}, 2)); });
  refused("layer_norm", [&] { layer_norm(Tensor::zeros({0, 4}, DType::f64), c, c); });
  refused("instance_norm", [&] { instance_norm(x, c, three); });
  refused("instance_norm", [&] { instance_norm(values({5, 4}, 1), c, c); });
  refused("instance_norm", [&] { instance_norm(values({5, 1, 1, 4}, 1), c, c); });
}

TEST_CASE("wrong input is a sentence, not a crash") {
  CHECK_THROWS_AS(scatter_add_rows(values({2, 2}, 1), Tensor(), 3), Error);
  const Tensor none = Tensor::zeros({0}, DType::f64);
  CHECK_THROWS_AS(batch_norm(Tensor::zeros({2, 0}, DType::f64), {none, none, none, none}), Error);
  CHECK_THROWS_AS(sum_per_image(values({2, 3}, 1)), Error);
  CHECK_THROWS_AS(add(values({2, 2, 3}, 1), values({2, 2, 1}, 2)), Error);
  CHECK_THROWS_AS(ScopedVariant("conv2dfwd:naive"), Error);
  CHECK_THROWS_AS(ScopedVariant("conv2d_fwd"), Error);
}
