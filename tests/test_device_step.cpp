// Whole training steps on every device there is: every CUDA row of a step, simulated and where there is a GPU, against the CPU's rows.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/graph.h"
#include "engine/tf32.h"
#include "kernels/registry.h"
#include "models/classify_step.h"
#include "models/gan_step.h"
#include "tests/gpus.h"

using namespace duel;

namespace {

std::vector<Device> with_cpu(std::vector<Device> devices) {
  devices.insert(devices.begin(), Device::cpu);
  return devices;
}

struct Net {
  Generator g;
  Discriminator d;
  Optimizer opt_g, opt_d;
  Net(const GanConfig& config, Device device) : g(config, device), d(config, device) {
    init_weights(g, 1), init_weights(d, 1);
    opt_g = Optimizer({}, masters(g), copies(g)), opt_d = Optimizer({}, masters(d), copies(d));
  }
};

GanReport run_steps(Net& net, const GanConfig& config, Device device, int batch, int steps, bool recorded = false) {
  const Tensor counter = step_counter(0, device);
  Tensor real = Rng{5}.uniform({batch, config.h, config.w, config.channels}, step_counter(0, device), -1, 1);
  GanStep step{net.g, net.d, net.opt_g, net.opt_d, 1, counter, real, {}, Tensor::zeros({GanReport::size}, DType::f32, device)};
  StepGraph graph(device, [&] { step(); });
  for (int i = 0; i < steps; ++i) recorded ? graph() : step();
  CHECK(graph.recorded() == (recorded && device == Device::cuda && steps > 1));
  return step.read();
}

// Of steps that are run, and run again or, `played`, recorded and then played.
void check_same_bits(Device device, bool played) {
  for (DType precision : {DType::f32, DType::bf16}) {
    CAPTURE(std::string(name_of(device)));
    const GanConfig config{.h = 16, .w = 16, .channels = 3, .nz = 8, .ngf = 8, .ndf = 8, .precision = precision};
    Net run(config, device), again(config, device);
    const GanReport a = run_steps(run, config, device, 4, 4), b = run_steps(again, config, device, 4, 4, played);
    CHECK(a.loss_d == b.loss_d);
    CHECK(a.loss_g == b.loss_g);
    for (const auto& [ours, theirs] : {std::pair(masters(run.g), masters(again.g)), std::pair(masters(run.d), masters(again.d))})
      for (size_t i = 0; i < ours.size(); ++i) CHECK(ours[i].values() == theirs[i].values());
  }
}

}  // namespace

TEST_CASE("steps run on the simulated GPU, and on a GPU where there is one") {
  test::skip_missing_gpus();
  for (const Device device : test::gpus()) {
    const GanConfig config{.h = 16, .w = 16, .channels = 1, .nz = 4, .ngf = 4, .ndf = 4};
    Net net(config, device);
    forget_rows_run();
    run_steps(net, config, device, 3, 1);
    CHECK(rows_run().size() > 10);
    for (const Row* row : rows_run()) CHECK(row->device == device);
  }
}

TEST_CASE("a DCGAN step equals the CPU's") {
  if (test::gpus().empty()) return test::skip(test::no_gpus);
  for (const Device device : test::gpus())
    for (DType precision : {DType::f32, DType::bf16}) {
      CAPTURE(std::string(name_of(device)));
      const GanConfig config{.h = 32, .w = 32, .channels = 1, .nz = 16, .ngf = 8, .ndf = 8, .precision = precision};
      const int batch = 4, steps = 2;
      Net cpu(config, Device::cpu), there(config, device);
      const Tensors ours = masters(cpu.g), theirs = masters(there.g);
      for (size_t i = 0; i < ours.size(); ++i) CHECK(ours[i].values() == theirs[i].values());  // the same random bits
      const GanReport a = run_steps(cpu, config, Device::cpu, batch, steps), b = run_steps(there, config, device, batch, steps);
      const double tolerance = precision == DType::f32 ? 1e-3 : 5e-2;
      CHECK(a.loss_d == doctest::Approx(b.loss_d).epsilon(tolerance));
      CHECK(a.loss_g == doctest::Approx(b.loss_g).epsilon(tolerance));
      CHECK(a.d_real == doctest::Approx(b.d_real).epsilon(tolerance));
      // Each Adam step moves a weight by at most about lr; where a gradient is near zero the two may move apart.
      const Tensors wa = masters(cpu.d), wb = masters(there.d);
      double apart = 0, count = 0;
      for (size_t i = 0; i < wa.size(); ++i) {
        const std::vector<double> x = wa[i].values(), y = wb[i].values();
        for (size_t j = 0; j < x.size(); ++j) {
          REQUIRE(std::fabs(x[j] - y[j]) <= 2 * steps * 2e-4 * 1.01);
          apart += std::fabs(x[j] - y[j]) > 2e-5, ++count;
        }
      }
      CHECK(apart / count < (precision == DType::f32 ? 0.01 : 0.2));
    }
}

TEST_CASE("in tf32 a step takes the rows of one product where it would take those of three, and is close to f32's") {
  if (test::gpus().empty()) return test::skip(test::no_gpus);
  const GanConfig config{.h = 32, .w = 32, .channels = 1, .nz = 16, .ngf = 8, .ndf = 8};
  for (const Device device : test::gpus()) {
    const auto losses = [&](const char* precision, long& three, long& one) {
      const auto tf32 = in_tf32(precision, device);
      Net net(config, device);
      forget_rows_run();
      const GanReport report = run_steps(net, config, device, 4, 1);
      three = one = 0;
      for (const Row* row : rows_run()) {
        const std::string name = row->name;
        if (name.find("three_tf32") != std::string::npos) ++three;
        else one += name.find("tf32") != std::string::npos;
      }
      return std::pair(report.loss_d, report.loss_g);
    };
    long three = 0, one = 0, none = 0, as_many = 0;
    const auto full = losses("f32", three, one), rounded = losses("tf32", none, as_many);
    CHECK(three > 2);
    CHECK(one == 0);
    CHECK(none == 0);
    CHECK(as_many == three);
    CHECK(full != rounded);
    CHECK(rounded.first == doctest::Approx(full.first).epsilon(2e-2));
    CHECK(rounded.second == doctest::Approx(full.second).epsilon(2e-2));
  }
  CHECK_THROWS_WITH_AS(in_tf32("tf32", Device::cpu), doctest::Contains("--precision tf32: a CPU"), Error);
}

TEST_CASE("steps leave the same bits each time") {
  if (test::gpus().empty()) return test::skip(test::no_gpus);
  for (const Device device : test::gpus()) check_same_bits(device, false);
}

TEST_CASE("steps played again from a record leave the bits of steps that were run") {
  if (const std::string why = test::why_not(Device::cuda); !why.empty()) return test::skip("only a GPU records: " + why);
  check_same_bits(Device::cuda, true);
}

TEST_CASE("a step of every kind of GAN equals the CPU's") {
  if (test::gpus().empty()) return test::skip(test::no_gpus);
  const std::vector<Device> all = with_cpu(test::gpus());
  struct Kind {
    const char* name;
    GanConfig config;
    GanObjective objective = {};
  };
  const GanConfig dcgan{.h = 16, .w = 16, .channels = 1, .nz = 4, .ngf = 4, .ndf = 4};
  const auto with = [&](auto change) {
    GanConfig c = dcgan;
    change(c);
    return c;
  };
  using Loss = AdversarialLoss;
  const Kind kinds[] = {
      {"wgan-gp",
       with([](GanConfig& c) { c.d_norm = Norm::layer; }),
       {.loss = Loss::wasserstein, .penalty = Penalty::wgan_gp, .critic_steps = 2}},
      {"r1, instance norm", with([](GanConfig& c) { c.d_norm = Norm::instance; }), {.penalty = Penalty::r1}},
      {"dragan", with([](GanConfig& c) { c.d_norm = Norm::none; }), {.penalty = Penalty::dragan}},
      {"sn-gan, projection",
       with([](GanConfig& c) {
         c.d_norm = Norm::spectral, c.classes = 3, c.label_in_g = LabelInG::norm, c.label_in_d = LabelInD::projection;
       }),
       {.loss = Loss::hinge}},
      {"one-hot, dropout", with([](GanConfig& c) { c.classes = 3, c.dropout = 0.3; }), {.label_noise = 0.1, .instance_noise = 0.1}},
      {"embedding", with([](GanConfig& c) { c.classes = 3, c.label_in_g = LabelInG::embedding, c.label_in_d = LabelInD::embedding; })},
      {"mlp", with([](GanConfig& c) { c.net = GanNet::mlp; }), {.loss = Loss::least_squares, .clip = 0.1}},
      {"keras", with([](GanConfig& c) { c.net = GanNet::keras, c.minibatch_stddev = true; }), {.matching = 0.5, .l1 = 1e-3}}};
  for (const Kind& kind : kinds) {
    CAPTURE(kind.name);
    std::vector<GanReport> reports;
    for (Device device : all) {
      Net net(kind.config, device);
      Ema<Generator> average(net.g, 0.9);
      const int64_t n = 3 * kind.objective.critic_steps;
      const Tensor labels = kind.config.classes ? Tensor::from({n}, {0, 2, 1}, DType::i32, device) : Tensor();
      GanStep step{net.g,
                   net.d,
                   net.opt_g,
                   net.opt_d,
                   1,
                   step_counter(0, device),
                   Rng{5}.uniform({n, 16, 16, 1}, step_counter(0, device), -1, 1),
                   labels,
                   Tensor::zeros({GanReport::size}, DType::f32, device),
                   kind.objective,
                   &average};
      step(), step();
      reports.push_back(step.read());
    }
    for (const GanReport& there : reports) {
      CHECK(reports[0].loss_d == doctest::Approx(there.loss_d).epsilon(2e-3));
      CHECK(reports[0].loss_g == doctest::Approx(there.loss_g).epsilon(2e-3));
      CHECK(reports[0].penalty == doctest::Approx(there.penalty).epsilon(2e-3));
    }
  }
}

TEST_CASE("a classifier's steps equal the CPU's, dropout's coins included") {
  if (test::gpus().empty()) return test::skip(test::no_gpus);
  const std::vector<Device> all = with_cpu(test::gpus());
  for (ClassifierNet kind : {ClassifierNet::lenet, ClassifierNet::resnet}) {
    const ClassifierConfig config{.net = kind, .h = 8, .w = 10, .channels = 2, .classes = 3, .width = 4};
    std::vector<double> losses;
    for (Device device : all) {
      Classifier net(config, device);
      init_weights(net, 1);
      Optimizer optimizer({.kind = OptimizerKind::sgd, .lr = 0.05, .momentum = 0.9}, masters(net), copies(net));
      const Tensor x = Rng{5}.normal({6, config.h, config.w, config.channels}, step_counter(0, device));
      ClassifyStep step{net,
                        optimizer,
                        1,
                        step_counter(0, device),
                        x,
                        Tensor::from({6}, {0, 1, 2, 2, 1, 0}, DType::i32, device),
                        Tensor::zeros({}, DType::f32, device)};
      for (int i = 0; i < 3; ++i) step();
      NoGrad only_looking;
      losses.push_back(step.loss_sum.item());
      losses.push_back(mean(cross_entropy(net(x), step.labels)).item());
    }
    for (size_t i = 2; i < losses.size(); ++i) CHECK(losses[i % 2] == doctest::Approx(losses[i]).epsilon(1e-3));
  }
}
