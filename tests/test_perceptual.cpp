// Content, style and total variation: by hand, by differences, and in the step of a VAE.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/grad.h"
#include "models/classifier.h"
#include "models/vae_step.h"
#include "tests/gradcheck.h"

using namespace duel;
using namespace duel::test;

namespace {

double only(const Tensor& t) {
  REQUIRE(t.count() == 1);
  return t.values()[0];
}

Classifier frozen(ClassifierNet net, DType precision = DType::f64) {
  Classifier c({.net = net, .h = 8, .w = 8, .channels = 1, .classes = 3, .width = 2, .precision = precision}, Device::cpu);
  init_weights(c, 1);
  return c;
}

}  // namespace

TEST_CASE("content, Gram matrices and style by hand") {
  // Two positions of two maps: (1, 2) and (3, −1).
  const Tensor f = Tensor::from({1, 1, 2, 2}, {1, 2, 3, -1}, DType::f64), zero = Tensor::zeros({1, 1, 2, 2}, DType::f64);
  CHECK(only(content_loss(f, zero)) == doctest::Approx(0.5 * (1 + 4 + 9 + 1)));
  const Tensor g = gram(f);
  CHECK(g.shape() == Shape{1, 2, 2});
  const std::vector<double> by_hand{1 + 9, 2 - 3, 2 - 3, 4 + 1};
  for (size_t i = 0; i < 4; ++i) CHECK(g.values()[i] == doctest::Approx(by_hand[i]));
  CHECK(only(style_loss(f, zero)) == doctest::Approx((100 + 1 + 1 + 25) / (4.0 * 2 * 2 * 2 * 2)));
  CHECK(only(style_loss(f, f)) == 0);
  // Where things are means nothing to style, and everything to content.
  const Tensor moved = Tensor::from({1, 1, 2, 2}, {3, -1, 1, 2}, DType::f64);
  CHECK(only(style_loss(f, moved)) == doctest::Approx(0));
  CHECK(only(content_loss(f, moved)) > 1);
}

TEST_CASE("each sample's loss is its own, and a layer's size is that layer's") {
  const Tensor a = values({1, 2, 3, 4}, 1), b = values({1, 2, 3, 4}, 2), none = Tensor::zeros({2, 2, 3, 4}, DType::f64);
  const std::vector<double> both = style_loss(concat(a, b), none).values();
  REQUIRE(both.size() == 2);
  CHECK(both[0] == doctest::Approx(only(style_loss(a, Tensor::zeros(a.shape(), DType::f64)))));
  CHECK(both[1] == doctest::Approx(only(style_loss(b, Tensor::zeros(b.shape(), DType::f64)))));
  // Each position twice: sums over positions double, and are divided by twice as many.
  CHECK(only(style_loss(reshape(concat(a, a), {1, 4, 3, 4}), Tensor::zeros({1, 4, 3, 4}, DType::f64))) == doctest::Approx(both[0]));
}

TEST_CASE("total variation by hand: only positions with both neighbours count") {
  //  0 1 5
  //  2 4 9      (2² + 1²)^1.25 + (3² + 4²)^1.25
  const Tensor x = Tensor::from({1, 2, 3, 1}, {0, 1, 5, 2, 4, 9}, DType::f64);
  CHECK(only(total_variation(x)) == doctest::Approx(std::pow(5, 1.25) + std::pow(25, 1.25)));
  const Tensor channels = Tensor::from({1, 2, 2, 2}, {0, 7, 1, 7, 2, 7, 9, 7}, DType::f64);  // the second is flat
  CHECK(only(total_variation(channels)) == doctest::Approx(std::pow(5, 1.25)));
  CHECK(total_variation(values({3, 4, 5, 2}, 1)).shape() == Shape{3, 1, 1, 1});
  CHECK_THROWS_WITH_AS(total_variation(Tensor::zeros({1, 1, 3, 1})), doctest::Contains("2 × 2"), Error);
  const Tensor flat = Tensor::full({1, 3, 3, 1}, 0.5, DType::f64);
  for (double v : grad(sum(total_variation(flat)), {flat}).at(0).values()) CHECK(v == 0);  // not NaN, where a root has no slope
}

TEST_CASE("their derivatives, twice, by differences") {
  for (const GradCase& c :
       {GradCase{"content_loss",
                 "",
                 {values({2, 2, 3, 2}, 1), values({2, 2, 3, 2}, 2)},
                 [](const Tensors& t) { return content_loss(t[0], t[1]); }},
        {"style_loss", "", {values({2, 2, 3, 2}, 1), values({2, 2, 3, 2}, 2)}, [](const Tensors& t) { return style_loss(t[0], t[1]); }},
        {"total_variation", "", {values({2, 3, 4, 2}, 3)}, [](const Tensors& t) { return total_variation(t[0]); }}}) {
    const GradResult once = gradcheck(c), twice = gradgradcheck(c);
    CHECK_MESSAGE(once.passed, c.op, ": ", once.message);
    CHECK_MESSAGE(twice.passed, c.op, ": ", twice.message);
  }
}

TEST_CASE("the stages of a classifier lead to its features, and to what is made") {
  for (const ClassifierNet net : {ClassifierNet::lenet, ClassifierNet::resnet}) {
    const Classifier by = frozen(net);
    const Tensor x = values({2, 8, 8, 1}, 1) * 0.3, made = values({2, 8, 8, 1}, 2) * 0.3;
    const Tensors stages = by.stages(x);
    CHECK(stages.size() == (net == ClassifierNet::lenet ? 2 : 3));
    if (net == ClassifierNet::resnet) {
      const std::vector<double> a = global_avg_pool(stages.back()).values(), b = by.features(x).values();
      for (size_t i = 0; i < b.size(); ++i) REQUIRE(a[i] == b[i]);
    }
    const Perceptual all{.content = 2, .style = 3, .variation = 5, .by = &by};
    double sum = 5 * only(mean(total_variation(made))), style = 0;
    const Tensors of_made = by.stages(made);
    sum += 2 * only(mean(content_loss(of_made.back(), stages.back())));
    for (size_t i = 0; i < stages.size(); ++i) style += only(mean(style_loss(of_made[i], stages[i])));
    sum += 3 * style / static_cast<double>(stages.size());
    CHECK(only(mean(perceptual_loss(all, made, x))) == doctest::Approx(sum));
    const Tensors g = grad(mean(perceptual_loss(all, made, x)), {made, x});
    double size = 0, back = 0;
    for (double v : g[0].values()) size += std::abs(v);
    for (double v : g[1].values()) back += std::abs(v);
    CHECK(size > 0);
    CHECK(back == 0);  // what was to be made is no variable
  }
  CHECK_THROWS_AS(perceptual_loss({.content = 1}, values({1, 8, 8, 1}, 1), values({1, 8, 8, 1}, 2)), Error);
}

TEST_CASE("in a VAE's step they are added to the loss, and bring what is decoded nearer in what the classifier sees") {
  const Classifier by = frozen(ClassifierNet::lenet, DType::f32);
  const VaeConfig config{.h = 8, .w = 8, .latent = 4, .width = 4};
  const Tensor x = Rng{1}.uniform({8, 8, 8, 1}, step_counter(), -1, 1).detach(), noise = Rng{2}.normal({8, 4}, step_counter()).detach();
  const auto content_after = [&](const Perceptual& wanted) {
    Vae net(config, Device::cpu);
    init_weights(net, 1);
    Optimizer optimizer({.lr = 3e-3, .beta1 = 0.9}, masters(net));
    VaeStep step{net, optimizer, {}, {1, RandomStream::posterior}, step_counter(), x, {}, Tensor::zeros({VaeReport::size})};
    step.perceptual = wanted;
    for (int i = 0; i < 60; ++i) {
      step.sums.assign(Tensor::zeros({VaeReport::size}));
      step(noise);
    }
    const std::vector<double> sums = step.sums.values();
    CHECK((sums[0] > sums[1] + sums[2] + 1e-3) == wanted.wanted());  // the loss has a part that neither of the two is
    NoGrad only_looking;
    const VaeTerms terms = vae_terms(net, {}, affine(x, 0.5, 0.5), {}, noise, Mode::infer);
    const Tensor made = affine(mean_image(Likelihood::bernoulli, terms.out), 2, -1);
    return only(mean(content_loss(by.stages(made).back(), by.stages(x).back())));
  };
  CHECK(content_after({.content = 5, .by = &by}) < 0.8 * content_after({}));
}
