#include "apps/support/vae/state.h"

namespace duel {
VaeState::VaeState(const VaeSettings& settings, const Dataset& train, Device device)
    : RunState(settings, device, fingerprint(train)),
      classes(train.classes),
      margin(train.margin),
      net(settings.network(train.h, train.w, static_cast<int>(train.classes.size())), device),
      sums(Tensor::zeros({VaeReport::size}, DType::f32, device)) {
  init_weights(net, settings.seed, settings.initial());
  if (settings.ema > 0) average.emplace(net, settings.ema);
  optimizer = Optimizer(settings.optimizer_settings(), masters(net), copies(net), step_on_device);
}

void VaeState::each(const TensorVisit& f) {
  each_state("net.", net, f);
  if (average) each_state("average.", average->average, f);
  optimizer.each([&](const std::string& name, Tensor& t) { f("optimizer." + name, t); });
  f("sums", sums);
}

void VaeState::save(const std::string& path) {
  write(path, vae_format, [&](const TensorVisit& f) { each(f); },
        {{"network", network_json(net.config.h, net.config.w, classes, margin).dump()},
         {"seen_at", std::to_string(seen_at)},
         {"judged_by", judged_by}});
}

void VaeState::load(const std::string& path) {
  const Checkpoint file = read(path, vae_format, [&](const TensorVisit& f) { each(f); });
  file.check_judged_by(judged_by, settings.extractor);
  refresh_copies(net);
  seen_at = file.integer("seen_at");
}

void VaeState::set_rate(double factor) {
  if (settings.is_shaped()) optimizer.set_lr(settings.lr * factor);
}

const Vae& VaeState::shown() {
  if (!average) return net;
  refresh_copies(average->average);
  return average->average;
}

VaeStep VaeState::training_step(const Tensor& x, const Tensor& labels, const Classifier* by) {
  return {net,
          optimizer,
          settings.objective(),
          {settings.seed, RandomStream::posterior},
          step_on_device,
          x,
          settings.conditional ? labels : Tensor(),
          sums,
          average ? &*average : nullptr,
          settings.perceptual(by)};
}

TrainedVae::TrainedVae(const std::string& path, Device device) {
  const Checkpoint file(path, vae_format, VaeSettings::kind);
  settings = VaeSettings::from_json(file.json("settings"), path);
  settings.check();
  const auto [h, w] = file.image_size(classes);
  net = Vae(settings.network(h, w, static_cast<int>(classes.size())), device);
  each_state(settings.ema > 0 ? "average." : "net.", net, [&](const std::string& name, Tensor& t) { file.load(name, t); });
  refresh_copies(net);
  step = file.integer("step"), margin = file.margin(), origin = file.origin();
}

TrainedVae::TrainedVae(VaeState& run)
    : settings(run.settings), classes(run.classes), net(run.shown()), step(run.step), margin(run.margin) {}

}  // namespace duel
