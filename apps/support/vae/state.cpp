#include "apps/support/vae/state.h"

namespace duel {
VaeState::VaeState(const VaeSettings& settings, const Dataset& train, Device device)
    : RunState(settings, device, fingerprint(train)),
      classes(train.classes),
      margin(train.margin),
      net(settings.network(train.h, train.w, static_cast<int>(train.classes.size())), device),
      sums(Tensor::zeros({VaeReport::size}, DType::f32, device)) {
  init_weights(net, settings.seed);
  optimizer = Optimizer(settings.optimizer(), masters(net), copies(net), step_on_device);
}

void VaeState::each(const TensorVisit& f) {
  each_state("net.", net, f);
  optimizer.each([&](const std::string& name, Tensor& t) { f("optimizer." + name, t); });
  f("sums", sums);
}

void VaeState::save(const std::string& path) {
  write(path, vae_format, [&](const TensorVisit& f) { each(f); },
        {{"network", network_json(net.config.h, net.config.w, classes, margin).dump()}, {"seen_at", std::to_string(seen_at)}});
}

void VaeState::load(const std::string& path) {
  const Checkpoint file = read(path, vae_format, [&](const TensorVisit& f) { each(f); });
  refresh_copies(net);
  seen_at = file.integer("seen_at");
}

TrainedVae::TrainedVae(const std::string& path, Device device) {
  const Checkpoint file(path, vae_format, VaeSettings::kind);
  settings = VaeSettings::from_json(file.json("settings"), path);
  settings.check();
  const auto [h, w] = file.image_size(classes);
  net = Vae(settings.network(h, w, static_cast<int>(classes.size())), device);
  each_state("net.", net, [&](const std::string& name, Tensor& t) { file.load(name, t); });
  refresh_copies(net);
  step = file.integer("step"), margin = file.margin(), origin = file.origin();
}

TrainedVae::TrainedVae(const VaeState& run)
    : settings(run.settings), classes(run.classes), net(run.net), step(run.step), margin(run.margin) {}

}  // namespace duel
