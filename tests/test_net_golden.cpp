// Three training steps of the classifiers, the convolutional VAE and the plain autoencoder, held against PyTorch:
// tests/golden/make_net_goldens.py.
#include "models/classify_step.h"
#include "models/vae_step.h"
#include "tests/golden.h"

using namespace duel;
using namespace duel::test;

namespace {

// The tensors of one run, and a net's state before and after it.
struct GoldenRun {
  Golden golden;
  std::string name;
  GoldenRun(const char* name, DType dtype) : golden("nets.safetensors", dtype), name(name) {}
  Tensor operator()(const std::string& key) const { return golden(name + "." + key); }
  Tensor operator()(int step, const char* key) const { return (*this)(fmt::format("{}.{}", step, key)); }
  bool exact() const { return golden.dtype == DType::f64; }

  template <class Net>
  void begin(Net& net) const {
    each_state(net, [&](const std::string& at, Tensor& t) { t.assign((*this)("before." + at)); });
  }
  template <class Net>
  void end(Net& net, double f32_atol) const {
    each_state(net, [&](const std::string& at, Tensor& t) {
      check_close(name + " after three steps " + at, t, (*this)("after." + at), exact() ? 1e-6 : 1e-3, exact() ? 1e-8 : f32_atol);
    });
  }
  void check_loss(double got, double want) const { CHECK(got == doctest::Approx(want).epsilon(exact() ? 1e-6 : 1e-4)); }

 private:
  template <class Net, class F>
  static void each_state(Net& net, const F& f) {
    net.each({[&](const std::string& at, Weight& w) { f(at, w.master); }, f});
  }
};

}  // namespace

TEST_CASE("three training steps of the LeNet, its dropout's coins included, and of the ResNet: smoothed labels, momentum, weight decay") {
  for (ClassifierNet kind : {ClassifierNet::lenet, ClassifierNet::resnet})
    for (DType dtype : {DType::f64, DType::f32}) {
      const GoldenRun run(classifier_names[static_cast<int>(kind)], dtype);
      CAPTURE(run.name);
      CAPTURE(name_of(dtype));
      const Tensor first = run(0, "x");
      const ClassifierConfig config{.net = kind,
                                    .h = static_cast<int>(first.shape()[1]),
                                    .w = static_cast<int>(first.shape()[2]),
                                    .channels = 2,
                                    .classes = 5,
                                    .width = 2,
                                    .dropout = .5,
                                    .precision = dtype};
      Classifier net(config, Device::cpu);
      run.begin(net);
      Optimizer optimizer({.kind = OptimizerKind::sgd, .lr = .1, .momentum = .9, .weight_decay = .01}, masters(net));
      ClassifyStep step{net, optimizer, 1, step_counter(), first, run(0, "labels"), Tensor::zeros({}, dtype), .1};
      for (int i = 0; i < 3; ++i) {
        step.x.assign(run(i, "x")), step.labels.assign(run(i, "labels")), step.loss_sum.assign(Tensor::zeros({}, dtype));
        step();
        run.check_loss(step.loss_sum.item(), run(i, "loss").item());
      }
      run.end(net, 1e-5);
    }
}

TEST_CASE("three training steps of the convolutional VAE, of labels and Gaussian pixels, and of the plain autoencoder") {
  struct Kind {
    const char* name;
    VaeConfig config;
    Likelihood likelihood;
  };
  for (const Kind& kind :
       {Kind{"conv", {.net = VaeNet::conv, .h = 12, .w = 16, .latent = 3, .width = 2, .classes = 3}, Likelihood::gaussian},
        {"autoencoder",
         {.h = 8, .w = 8, .channels = 2, .latent = 3, .width = 2, .hidden = 5, .variational = false},
         Likelihood::bernoulli}})
    for (DType dtype : {DType::f64, DType::f32}) {
      const GoldenRun run(kind.name, dtype);
      CAPTURE(run.name);
      CAPTURE(name_of(dtype));
      VaeConfig config = kind.config;
      config.precision = dtype;
      Vae net(config, Device::cpu);
      run.begin(net);
      Optimizer optimizer({.lr = 1e-3, .beta1 = .9}, masters(net));
      VaeStep step{net, optimizer, {kind.likelihood, .7, .3}, {}, step_counter(), run(0, "x"), {}, Tensor::zeros({VaeReport::size}, dtype)};
      for (int i = 0; i < 3; ++i) {
        step.x.assign(run(i, "x")), step.sums.assign(Tensor::zeros({VaeReport::size}, dtype));
        if (config.classes) step.labels = run(i, "labels");
        step(run(i, "noise"));
        for (size_t k = 0; const double got : step.sums.values()) run.check_loss(got, run(i, VaeReport::names[k++]).item());
      }
      // Adam divides a gradient by its own size: where it is near zero, f32 may take a step the other way, at most lr long each time.
      run.end(net, 3 * 2 * 1e-3);
    }
}
