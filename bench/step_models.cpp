#include "bench/step_models.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "models/classify_step.h"
#include "models/gan_step.h"
#include "models/vae_step.h"

namespace duel::bench {
namespace {

constexpr int classes = 10;

Tensor images(const StepOptions& o, int64_t n, Device device) {
  return Rng{1}.uniform({n, o.size, o.size, o.channels}, step_counter(0, device), -1, 1).detach();
}
Tensor labels(int64_t n, Device device) {
  std::vector<double> values(static_cast<size_t>(n));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % classes);
  return Tensor::from({n}, values, DType::i32, device);
}

// The first of some sums, which then begin afresh.
double taken(Tensor& sums) {
  const double first = sums.values()[0];
  sums.assign(Tensor::zeros(sums.shape(), sums.dtype(), sums.device()));
  return first;
}

struct GanBench {
  Generator g;
  Discriminator d;
  Optimizer opt_g, opt_d;
  std::unique_ptr<GanStep> step;

  GanBench(const GanConfig& config, const GanObjective& objective, const OptimizerSettings& adam, const StepOptions& o, Device device) {
    check_objective(objective, config);
    g = Generator(config, device), d = Discriminator(config, device);
    init_weights(g, 1), init_weights(d, 1);
    const Tensor done = step_counter(0, device);
    opt_g = Optimizer(adam, masters(g), copies(g), done), opt_d = Optimizer(adam, masters(d), copies(d));
    const int64_t n = int64_t{o.batch} * objective.critic_steps;
    step.reset(new GanStep{g, d, opt_g, opt_d, 1, done, images(o, n, device), config.classes ? labels(n, device) : Tensor(),
                           Tensor::zeros({GanReport::size}, DType::f32, device), objective});
  }
};

StepModel gan_model(const std::string& name, const StepOptions& o, Device device) {
  GanConfig config{.h = o.size, .w = o.size, .channels = o.channels, .nz = o.nz, .ngf = o.ngf, .ndf = o.ndf, .precision = o.precision};
  GanObjective objective;
  OptimizerSettings adam;
  if (name == "cgan") config.classes = classes;
  if (name == "mlp") config.net = GanNet::mlp, config.dropout = 0.3;
  if (name == "sn-gan") config.d_norm = Norm::spectral, objective.loss = AdversarialLoss::hinge;
  if (name == "wgan-gp") {
    config.d_norm = Norm::layer;
    objective = {.loss = AdversarialLoss::wasserstein, .penalty = Penalty::wgan_gp, .critic_steps = 5};
    adam.beta1 = 0, adam.beta2 = 0.9;
  }
  auto bench = std::make_shared<GanBench>(config, objective, adam, o, device);
  return {[bench] { (*bench->step)(); }, o.batch * objective.critic_steps, [bench] { return bench->step->read().loss_d; }};
}

struct VaeBench {
  Vae net;
  Optimizer optimizer;
  std::unique_ptr<VaeStep> step;

  VaeBench(const StepOptions& o, Device device)
      : net({.h = o.size, .w = o.size, .channels = o.channels, .precision = o.precision}, device) {
    init_weights(net, 1);
    const Tensor done = step_counter(0, device);
    optimizer = Optimizer({.lr = 1e-3, .beta1 = 0.9}, masters(net), copies(net), done);
    step.reset(new VaeStep{net,
                           optimizer,
                           {},
                           {1, RandomStream::posterior},
                           done,
                           images(o, o.batch, device),
                           {},
                           Tensor::zeros({VaeReport::size}, DType::f32, device)});
  }
};

struct LeNetBench {
  Classifier net;
  Optimizer optimizer;
  std::unique_ptr<ClassifyStep> step;

  LeNetBench(const StepOptions& o, Device device)
      : net({.h = o.size, .w = o.size, .channels = o.channels, .classes = classes, .precision = o.precision}, device) {
    init_weights(net, 1);
    const Tensor done = step_counter(0, device);
    optimizer = Optimizer({.kind = OptimizerKind::sgd, .lr = 0.05, .momentum = 0.9, .weight_decay = 5e-4}, masters(net), copies(net), done);
    step.reset(new ClassifyStep{net, optimizer, 1, done, images(o, o.batch, device), labels(o.batch, device),
                                Tensor::zeros({}, DType::f32, device)});
  }
};

}  // namespace

StepModel make_step_model(const std::string& name, const StepOptions& o, Device device) {
  if (std::find(std::begin(step_models), std::end(step_models), name) == std::end(step_models))
    fail(Failure::usage, fmt::format("--model {}: there are {}", name, fmt::join(step_models, ", ")));
  if (name == "vae") {
    auto bench = std::make_shared<VaeBench>(o, device);
    return {[bench] { (*bench->step)(); }, o.batch, [bench] { return taken(bench->step->sums); }};
  }
  if (name == "lenet") {
    auto bench = std::make_shared<LeNetBench>(o, device);
    return {[bench] { (*bench->step)(); }, o.batch, [bench] { return taken(bench->step->loss_sum); }};
  }
  return gan_model(name, o, device);
}

}  // namespace duel::bench
