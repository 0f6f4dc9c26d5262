#include "bench/step_models.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

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

using Json = nlohmann::ordered_json;  // in the order of each()
template <class Net>
Json shapes_of(Net& net) {
  Json shapes = Json::object();
  net.each({[&](const std::string& name, Weight& w) { shapes[name] = w.master.shape().dims(); }, {}});
  return shapes;
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

  GanBench(const GanConfig& config, const GanObjective& objective, const OptimizerSettings& optimizer, const StepOptions& o,
           Device device) {
    check_objective(objective, config);
    g = Generator(config, device), d = Discriminator(config, device);
    init_weights(g, 1), init_weights(d, 1);
    const Tensor done = step_counter(0, device);
    opt_g = Optimizer(optimizer, masters(g), copies(g), done), opt_d = Optimizer(optimizer, masters(d), copies(d));
    const int64_t n = int64_t{o.batch} * objective.critic_steps;
    step.reset(new GanStep{g, d, opt_g, opt_d, 1, done, images(o, n, device), config.classes ? labels(n, device) : Tensor(),
                           Tensor::zeros({GanReport::size}, DType::f32, device), objective});
  }
};

StepModel gan_model(const std::string& name, const StepOptions& o, Device device) {
  GanConfig config{.h = o.size, .w = o.size, .channels = o.channels, .nz = o.nz, .ngf = o.ngf, .ndf = o.ndf, .precision = o.precision};
  GanObjective objective;
  OptimizerSettings optimizer;
  const bool projection = name == "cgan-projection";
  if (name == "cgan" || projection) config.classes = classes;
  if (projection) config.label_in_g = LabelInG::norm, config.label_in_d = LabelInD::projection;
  if (name == "sn-gan" || projection) config.d_norm = Norm::spectral, objective.loss = AdversarialLoss::hinge;
  if (name == "mlp" || name == "wgan-clip") config.net = GanNet::mlp, config.dropout = 0.3;
  if (name == "small-mlp") config.net = GanNet::small_mlp;
  if (name == "keras") config.net = GanNet::keras, config.dropout = 0.3;
  if (name == "wgan-clip") {
    objective = {.loss = AdversarialLoss::wasserstein, .clip = 0.01, .critic_steps = 5};
    optimizer = {.kind = OptimizerKind::rmsprop, .lr = 5e-5};
  }
  if (name == "wgan-gp") {
    config.d_norm = Norm::layer;
    objective = {.loss = AdversarialLoss::wasserstein, .penalty = Penalty::wgan_gp, .critic_steps = 5};
    optimizer.beta1 = 0, optimizer.beta2 = 0.9;
  }
  auto bench = std::make_shared<GanBench>(config, objective, optimizer, o, device);
  return {[bench] { (*bench->step)(); }, o.batch * objective.critic_steps, [bench] { return bench->step->read().loss_d; },
          Json{{"g", shapes_of(bench->g)}, {"d", shapes_of(bench->d)}}.dump()};
}

VaeConfig vae_config(const std::string& name, const StepOptions& o) {
  VaeConfig config{.h = o.size, .w = o.size, .channels = o.channels, .precision = o.precision};
  if (name == "conv-vae") config.net = VaeNet::conv, config.latent = 64, config.width = 64;
  if (name == "cvae") config.classes = classes;
  config.variational = name != "ae";
  return config;
}

struct VaeBench {
  Vae net;
  Optimizer optimizer;
  std::unique_ptr<VaeStep> step;

  VaeBench(const VaeConfig& config, const StepOptions& o, Device device) : net(config, device) {
    init_weights(net, 1);
    const Tensor done = step_counter(0, device);
    optimizer = Optimizer({.lr = 1e-3, .beta1 = 0.9}, masters(net), copies(net), done);
    step.reset(new VaeStep{net,
                           optimizer,
                           {},
                           {1, RandomStream::posterior},
                           done,
                           images(o, o.batch, device),
                           config.classes ? labels(o.batch, device) : Tensor(),
                           Tensor::zeros({VaeReport::size}, DType::f32, device)});
  }
};

struct ClassifierBench {
  Classifier net;
  Optimizer optimizer;
  std::unique_ptr<ClassifyStep> step;

  ClassifierBench(ClassifierNet kind, const StepOptions& o, Device device)
      : net({.net = kind, .h = o.size, .w = o.size, .channels = o.channels, .classes = classes, .precision = o.precision}, device) {
    init_weights(net, 1);
    const Tensor done = step_counter(0, device);
    const bool deep = kind == ClassifierNet::resnet;
    optimizer = Optimizer({.kind = OptimizerKind::sgd, .lr = deep ? 0.1 : 0.05, .momentum = 0.9, .weight_decay = 5e-4}, masters(net),
                          copies(net), done);
    step.reset(new ClassifyStep{net, optimizer, 1, done, images(o, o.batch, device), labels(o.batch, device),
                                Tensor::zeros({}, DType::f32, device), deep ? 0.1 : 0});
  }
};

bool is_vae(const std::string& name) { return name == "vae" || name == "conv-vae" || name == "cvae" || name == "ae"; }
bool is_classifier(const std::string& name) { return name == "lenet" || name == "resnet"; }

}  // namespace

bool is_gan(const std::string& name) { return !is_vae(name) && !is_classifier(name); }

StepModel make_step_model(const std::string& name, const StepOptions& o, Device device) {
  if (std::find(std::begin(step_models), std::end(step_models), name) == std::end(step_models))
    fail(Failure::usage, fmt::format("--model {}: there are {}", name, fmt::join(step_models, ", ")));
  if (is_vae(name)) {
    auto bench = std::make_shared<VaeBench>(vae_config(name, o), o, device);
    return {[bench] { (*bench->step)(); }, o.batch, [bench] { return taken(bench->step->sums); },
            Json{{"encoder", shapes_of(bench->net.encoder)}, {"decoder", shapes_of(bench->net.decoder)}}.dump()};
  }
  if (is_classifier(name)) {
    auto bench = std::make_shared<ClassifierBench>(name == "lenet" ? ClassifierNet::lenet : ClassifierNet::resnet, o, device);
    return {[bench] { (*bench->step)(); }, o.batch, [bench] { return taken(bench->step->loss_sum); },
            Json{{"net", shapes_of(bench->net)}}.dump()};
  }
  return gan_model(name, o, device);
}

}  // namespace duel::bench
