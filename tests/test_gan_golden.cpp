// Three training steps of every GAN, loss and trick, dropout's coins included, held against PyTorch: tests/golden/make_gan_goldens.py.
#include <doctest/doctest.h>

#include "models/gan_step.h"
#include "tests/golden.h"

using namespace duel;
using namespace duel::test;

namespace {

struct Run {
  const char* name;
  GanConfig config;
  GanObjective objective = {};
  OptimizerSettings optimizer = {.lr = 2e-3};
};

std::vector<Run> runs() {
  const GanConfig dcgan{.net = GanNet::dcgan, .h = 16, .w = 16, .channels = 1, .nz = 3, .ngf = 2, .ndf = 2};
  auto with = [&](auto change) {
    GanConfig c = dcgan;
    change(c);
    return c;
  };
  using Loss = AdversarialLoss;
  const OptimizerSettings wgan_gp{.lr = 2e-3, .beta1 = 0, .beta2 = 0.9}, rmsprop{.kind = OptimizerKind::rmsprop, .lr = 2e-3};
  return {
      {"mlp",
       with([](auto& c) { c.net = GanNet::mlp, c.h = 4, c.w = 6, c.ngf = c.ndf = 1; }),
       {.loss = Loss::least_squares, .real_is = .9}},
      {"small-mlp", with([](auto& c) { c.net = GanNet::small_mlp, c.h = c.w = 4; }), {.loss = Loss::minimax, .real_is = .9, .l1 = .01}},
      {"points",
       with([](auto& c) { c.net = GanNet::points, c.h = c.w = 1, c.channels = 2, c.ngf = c.ndf = 4; }),
       {.loss = Loss::wasserstein, .penalty = Penalty::wgan_gp, .penalty_weight = 1, .critic_steps = 2}},
      {"keras",
       with([](auto& c) { c.net = GanNet::keras, c.h = c.w = 8, c.channels = 2, c.d_norm = Norm::spectral; }),
       {.loss = Loss::hinge}},
      {"wgan-clip", dcgan, {.loss = Loss::wasserstein, .clip = .05}, rmsprop},
      {"wgan-gp",
       with([](auto& c) { c.d_norm = Norm::layer; }),
       {.loss = Loss::wasserstein, .penalty = Penalty::wgan_gp, .critic_steps = 2},
       wgan_gp},
      {"r1", with([](auto& c) { c.d_norm = Norm::instance; }), {.penalty = Penalty::r1, .penalty_weight = 2}},
      {"sn", with([](auto& c) { c.d_norm = Norm::spectral; }), {.loss = Loss::hinge}},
      {"matching", with([](auto& c) { c.minibatch_stddev = true; }), {.matching = .5}},
      {"one-hot", with([](auto& c) { c.classes = 3; })},
      {"embedding", with([](auto& c) { c.classes = 3, c.label_in_g = LabelInG::embedding, c.label_in_d = LabelInD::embedding; })},
      {"projection",
       with([](auto& c) { c.classes = 3, c.label_in_g = LabelInG::norm, c.label_in_d = LabelInD::projection, c.d_norm = Norm::spectral; }),
       {.loss = Loss::hinge}},
      {"mlp-one-hot", with([](auto& c) { c.net = GanNet::small_mlp, c.h = c.w = 4, c.classes = 3; })},
      {"keras-dropout", with([](auto& c) { c.net = GanNet::keras, c.h = c.w = 8, c.ngf = 1, c.dropout = .25; })},
      {"dragan",
       with([](auto& c) { c.net = GanNet::small_mlp, c.h = c.w = 4, c.d_norm = Norm::layer; }),
       {.penalty = Penalty::dragan, .penalty_weight = 2}},
  };
}

void three_steps(const Run& run, DType dtype) {
  const Golden golden("gan.safetensors", dtype);
  const auto find = [&](const std::string& name) { return golden(fmt::format("{}.{}", run.name, name)); };
  GanConfig config = run.config;
  config.precision = dtype;
  check_objective(run.objective, config);
  Generator g(config, Device::cpu);
  Discriminator d(config, Device::cpu);
  auto each_state = [&](const std::function<void(const std::string&, Tensor&)>& f) {
    g.each({[&](const std::string& n, Weight& w) { f("g." + n, w.master); }, [&](const std::string& n, Tensor& t) { f("g." + n, t); }});
    d.each({[&](const std::string& n, Weight& w) { f("d." + n, w.master); }, [&](const std::string& n, Tensor& t) { f("d." + n, t); }});
  };
  each_state([&](const std::string& name, Tensor& t) { t.assign(find("before." + name)); });
  Optimizer opt_g(run.optimizer, masters(g)), opt_d(run.optimizer, masters(d));
  const int n = 3 * run.objective.critic_steps;
  GanStep step{g,
               d,
               opt_g,
               opt_d,
               1,
               step_counter(),
               Tensor({n, config.h, config.w, config.channels}, dtype, Device::cpu),
               config.classes ? Tensor({n}, DType::i32, Device::cpu) : Tensor(),
               Tensor::zeros({GanReport::size}),
               run.objective};
  const bool exact = dtype == DType::f64;
  for (int i = 0; i < 3; ++i) {
    step.real.assign(find(fmt::format("{}.real", i)));
    if (config.classes) step.labels.assign(find(fmt::format("{}.labels", i)));
    step(find(fmt::format("{}.z", i)), find(fmt::format("{}.mix", i)));
    const GanReport report = step.read();
    CHECK(report.loss_d == doctest::Approx(find(fmt::format("{}.loss_d", i)).item()).epsilon(exact ? 1e-5 : 1e-2));
    CHECK(report.loss_g == doctest::Approx(find(fmt::format("{}.loss_g", i)).item()).epsilon(exact ? 1e-5 : 1e-2));
  }
  if (!exact) return;  // f32 is close enough to say the losses; an optimiser that divides by √v makes steps of lr out of rounding
  each_state([&](const std::string& name, Tensor& t) { check_close("after three steps " + name, t, find("after." + name), 1e-5, 1e-7); });
}

}  // namespace

TEST_CASE("three training steps of each GAN") {
  for (const Run& run : runs())
    for (DType dtype : {DType::f64, DType::f32}) {
      CAPTURE(std::string(run.name));
      CAPTURE(name_of(dtype));
      three_steps(run, dtype);
    }
}
