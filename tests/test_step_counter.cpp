// The counter of training steps: an optimiser's own, or one that the draws of a step are numbered by too.
#include <doctest/doctest.h>

#include "models/classify_step.h"
#include "models/gan_step.h"
#include "models/vae_step.h"
#include "tests/gpus.h"

using namespace duel;

namespace {

std::vector<Device> everywhere() {
  std::vector<Device> devices = test::gpus();
  devices.insert(devices.begin(), Device::cpu);
  return devices;
}

using Numbers = std::vector<std::vector<double>>;

void add(Numbers& all, const Tensors& more) {
  for (const Tensor& t : more) all.push_back(t.values());
}

// What a few steps leave, and what is counted; `counter` is what the optimiser is given, perhaps nothing.
constexpr int steps = 3;

Numbers gan(Device device, const Tensor& step, const Tensor& counter) {
  const GanConfig config{.h = 16, .w = 16, .channels = 1, .nz = 4, .ngf = 4, .ndf = 4, .dropout = 0.3};
  Generator g(config, device);
  Discriminator d(config, device);
  init_weights(g, 1), init_weights(d, 1);
  Optimizer opt_g({}, masters(g), copies(g), counter), opt_d({}, masters(d), copies(d));
  CHECK(opt_g.counts_in(step) == static_cast<bool>(counter));
  CHECK_FALSE(opt_d.counts_in(step));
  const Tensor real = Rng{5}.uniform({3, 16, 16, 1}, step_counter(0, device), -1, 1);
  GanStep one{g, d, opt_g, opt_d, 1, step, real, {}, Tensor::zeros({GanReport::size}, DType::f32, device)};
  for (int i = 0; i < steps; ++i) one();
  Numbers left{one.report.values()};
  add(left, masters(g)), add(left, masters(d));
  return left;
}

Numbers vae_with(bool noise_given, Device device, const Tensor& step, const Tensor& counter) {
  Vae net({.h = 8, .w = 8, .latent = 3, .width = 4, .hidden = 5}, device);
  init_weights(net, 1);
  Optimizer optimizer({}, masters(net), copies(net), counter);
  const Tensor x = Rng{5}.uniform({4, 8, 8, 1}, step_counter(0, device), -1, 1);
  VaeStep one{net, optimizer, {}, {1, RandomStream::posterior}, step, x, {}, Tensor::zeros({VaeReport::size}, DType::f32, device)};
  for (int i = 0; i < steps; ++i) noise_given ? one(Rng{6}.normal({4, 3}, step_counter(i, device))) : one();
  Numbers left{one.sums.values()};
  add(left, masters(net));
  return left;
}
Numbers vae(Device device, const Tensor& step, const Tensor& counter) { return vae_with(false, device, step, counter); }
Numbers vae_of_given_noise(Device device, const Tensor& step, const Tensor& counter) { return vae_with(true, device, step, counter); }

Numbers classifier(Device device, const Tensor& step, const Tensor& counter) {
  Classifier net({.net = ClassifierNet::lenet, .h = 8, .w = 10, .channels = 2, .classes = 3, .width = 4}, device);
  init_weights(net, 1);
  Optimizer optimizer({.kind = OptimizerKind::sgd, .lr = 0.05, .momentum = 0.9}, masters(net), copies(net), counter);
  ClassifyStep one{net,
                   optimizer,
                   1,
                   step,
                   Rng{5}.normal({6, 8, 10, 2}, step_counter(0, device)),
                   Tensor::from({6}, {0, 1, 2, 2, 1, 0}, DType::i32, device),
                   Tensor::zeros({}, DType::f32, device)};
  for (int i = 0; i < steps; ++i) one();
  Numbers left{one.loss_sum.values()};
  add(left, masters(net));
  return left;
}

}  // namespace

TEST_CASE("steps are counted once, and leave the same bits, whether the optimiser counts for all or for itself") {
  for (const Device device : everywhere())
    for (const auto& train : {gan, vae, vae_of_given_noise, classifier}) {
      CAPTURE(std::string(name_of(device)));
      const Tensor beside = step_counter(7, device), shared = step_counter(0, device), again = step_counter(0, device);
      const long before = launches();
      const Numbers apart = train(device, again, {});
      const long between = launches();
      const Numbers together = train(device, shared, shared);
      if (device != Device::cpu) CHECK(between - before == launches() - between + steps);  // an increment a step
      CHECK(apart == together);
      CHECK(again.values() == std::vector<double>{steps});
      CHECK(shared.values() == std::vector<double>{steps});
      if (train != vae_of_given_noise) CHECK(train(device, beside, {}) != apart);  // draws are numbered by it
    }
}

TEST_CASE("an optimiser refuses a counter that is none") {
  const Tensors params{Tensor::zeros({3}), Tensor::zeros({2, 2})};
  Optimizer({}, params, {}, step_counter());
  for (const Tensor& wrong : {Tensor::zeros({1}), Tensor::zeros({}, DType::i32), Tensor::zeros({2}, DType::i32)})
    CHECK_THROWS_WITH_AS(Optimizer({}, params, {}, wrong), doctest::Contains("[optimizer] counts its steps in i32[1] on cpu"), Error);
  for (const Device device : test::gpus())
    CHECK_THROWS_WITH_AS(Optimizer({}, params, {}, step_counter(0, device)), doctest::Contains("make it with step_counter()"), Error);
}
