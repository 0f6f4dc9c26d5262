// The classifiers: what they count, what they take and refuse, and that a step makes them better.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "engine/graph.h"
#include "models/classify_step.h"
#include "tests/support.h"

using namespace duel;

namespace {

Classifier fresh(const ClassifierConfig& config, int64_t seed = 1) {
  Classifier net(config, Device::cpu);
  init_weights(net, seed);
  return net;
}
Tensor noise(const ClassifierConfig& c, int64_t n) { return Rng{1}.normal({n, c.h, c.w, c.channels}, step_counter(1)); }

constexpr ClassifierNet both[] = {ClassifierNet::lenet, ClassifierNet::resnet};

}  // namespace

TEST_CASE("parameter counts") {
  auto count = [](const ClassifierConfig& c) {
    Classifier net(c, Device::cpu);
    return parameter_count(net);
  };
  // LeNet, by hand: 25·32 + 64, 25·32·64 + 128, 49·64·128 + 128, 128·10 + 10
  CHECK(count({.net = ClassifierNet::lenet}) == 864 + 51328 + 401536 + 1290);
  // ResNet-20 for CIFAR-10 with option B: 0.27 million in the paper's table 6
  CHECK(count({.net = ClassifierNet::resnet, .h = 32, .w = 32, .channels = 3, .width = 16, .blocks = 3}) == 272474);
  for (ClassifierNet net : both)
    for (const ClassifierConfig& c : {ClassifierConfig{net, 28, 28, 1, 10}, {net, 5, 9, 4, 3, 8, 2}, {net, 4, 4, 2, 2, 1, 1}})
      CHECK(describe(c).find(fmt::format(" {}\n", count(c))) != std::string::npos);
}

TEST_CASE("any image size, one to four channels, any number of classes, in f32, f64 and bf16") {
  for (ClassifierNet net : both)
    for (const ClassifierConfig& c :
         {ClassifierConfig{net, 28, 28, 1, 10, 8}, {net, 5, 9, 4, 3, 4, 2}, {net, 4, 4, 2, 2, 3}, {net, 7, 6, 3, 17, 4}})
      for (DType t : {DType::f32, DType::f64, DType::bf16}) {
        ClassifierConfig config = c;
        config.precision = t;
        const Classifier model = fresh(config);
        NoGrad only_looking;
        for (const Tensor& logits : {model(noise(config, 3)), model(noise(config, 3), Mode::train, {1, step_counter(1)})}) {
          CHECK(logits.shape() == Shape{3, config.classes});
          CHECK(logits.dtype() == accumulator_of(t));
          for (double v : logits.values()) CHECK(std::isfinite(v));
        }
      }
}

TEST_CASE("evaluation does not depend on the batch, and training without coins is refused") {
  const ClassifierConfig config{.net = ClassifierNet::lenet, .width = 4};
  const Classifier net = fresh(config);
  NoGrad only_looking;
  const Tensor x = noise(config, 5);
  const std::vector<double> all = net(x).values(), one = net(slice(x, 3, 4)).values();
  for (int k = 0; k < config.classes; ++k)
    CHECK(all[static_cast<size_t>(3 * config.classes + k)] == doctest::Approx(one[static_cast<size_t>(k)]));
  CHECK_THROWS_WITH_AS(net(x, Mode::train), doctest::Contains("[dropout] wants a step counter"), Error);
}

TEST_CASE("an image of another shape is refused with the layer table, the offending line marked") {
  const Classifier net = fresh({.net = ClassifierNet::resnet, .width = 4});
  for (const Shape& shape : {Shape{2, 32, 32, 1}, Shape{2, 28, 28, 3}, Shape{28, 28, 1}, Shape{0, 28, 28, 1}}) {
    try {
      net(Tensor::zeros(shape));
      FAIL("accepted " << shape.text());
    } catch (const Error& e) {
      CHECK(e.kind == Failure::usage);
      CHECK(std::string(e.what()).find(shape.text()) != std::string::npos);
      CHECK(std::string(e.what()).find("→ input") != std::string::npos);
      CHECK(std::string(e.what()).find("28×28×1") != std::string::npos);
    }
  }
  CHECK_THROWS_WITH_AS(check_config({.h = 3}), doctest::Contains("3×28"), Error);
  CHECK_THROWS_WITH_AS(check_config({.channels = 5}), doctest::Contains("--channels 5"), Error);
  CHECK_THROWS_WITH_AS(check_config({.classes = 1}), doctest::Contains("1 classes"), Error);
  CHECK_THROWS_WITH_AS(check_config({.dropout = 1}), doctest::Contains("--dropout 1"), Error);
}

TEST_CASE("a seed fixes the weights, and their spread is what the paper says") {
  for (ClassifierNet kind : both) {
    Classifier a = fresh({.net = kind}), b = fresh({.net = kind}), other = fresh({.net = kind}, 2);
    const Tensors wa = masters(a), wb = masters(b), wo = masters(other);
    for (size_t i = 0; i < wa.size(); ++i) CHECK(wa[i].values() == wb[i].values());
    CHECK(wa[0].values() != wo[0].values());
    a.each({[&](const std::string& name, Weight& w) {
              if (!name.ends_with(".w") || w.master.count() < 5000) return;
              const double fan_in = static_cast<double>(w.master.count() / w.master.shape()[0]);
              CHECK(std::sqrt(mean(square(w.master)).item()) == doctest::Approx(std::sqrt(2 / fan_in)).epsilon(0.05));
            },
            {}});
  }
}

TEST_CASE("both nets learn one batch by heart") {
  for (ClassifierNet kind : both)
    for (DType precision : {DType::f32, DType::bf16}) {
      const ClassifierConfig config{.net = kind, .h = 12, .w = 12, .classes = 4, .width = 8, .precision = precision};
      Classifier net = fresh(config);
      Optimizer optimizer({.kind = OptimizerKind::sgd, .lr = 0.05, .momentum = 0.9}, masters(net), copies(net));
      const Tensor labels = Tensor::from({8}, {0, 1, 2, 3, 3, 2, 1, 0}, DType::i32);
      ClassifyStep one{net, optimizer, 1, step_counter(), noise(config, 8), labels, Tensor::zeros({}), 0.1};
      StepGraph step(Device::cpu, [&] { one(); });
      const long before = Tensor::live();
      step();
      const double first = one.loss_sum.item();
      for (int i = 0; i < 39; ++i) step();
      CHECK(Tensor::live() == before);
      one.loss_sum.assign(Tensor::zeros({}));
      step();
      CHECK(one.loss_sum.item() < 0.6 * first);
    }
}

TEST_CASE("features are what the last layer sees") {
  for (ClassifierNet kind : both)
    for (DType t : {DType::f32, DType::bf16}) {
      const ClassifierConfig config{.net = kind, .h = 9, .w = 8, .channels = 2, .classes = 3, .width = 4, .precision = t};
      const Classifier net = fresh(config);
      NoGrad only_looking;
      const Tensor x = noise(config, 5), seen = net.features(x);
      CHECK(seen.shape() == Shape{5, 16});
      CHECK(seen.dtype() == DType::f32);
      CHECK(net.logits(seen).values() == net(x).values());
      CHECK_THROWS_AS(net.features(noise({.h = 8, .w = 8, .channels = 2}, 1)), Error);
    }
}
