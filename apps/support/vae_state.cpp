#include "apps/support/vae_state.h"

namespace duel {
namespace {

constexpr const char* format_name = "duel-vae-1";

}  // namespace

VaeState::VaeState(const VaeSettings& settings, const Dataset& train, Device device)
    : settings(settings),
      classes(train.classes),
      net(settings.network(train.h, train.w, static_cast<int>(train.classes.size())), device),
      step_on_device(step_counter(0, device)),
      sums(Tensor::zeros({VaeReport::size}, DType::f32, device)),
      data_fingerprint(fingerprint(train)),
      computing_with_(device) {
  init_weights(net, settings.seed);
  optimizer = Optimizer(settings.optimizer(), masters(net), copies(net));
}

void VaeState::each(const TensorVisit& f) {
  each_state("net.", net, f);
  optimizer.each([&](const std::string& name, Tensor& t) { f("optimizer." + name, t); });
  f("step", step_on_device), f("sums", sums);
}

void VaeState::save(const std::string& path) {
  SafeTensors file;
  each([&](const std::string& name, Tensor& t) { add_tensor(file, name, t, step, path); });
  file.metadata = {{"format", format_name},
                   {"settings", settings.json().dump()},
                   {"network", network_json(net.config.h, net.config.w, classes).dump()},
                   {"computing_with", computing_with_.json().dump()},
                   {"data", fmt::format("{:016x}", data_fingerprint)},
                   {"step", std::to_string(step)},
                   {"seen_at", std::to_string(seen_at)},
                   {"epoch", std::to_string(epoch)},
                   {"position", std::to_string(position)}};
  write_safetensors(path, file);
}

void VaeState::load(const std::string& path) {
  const Checkpoint file(path, format_name, VaeSettings::kind);
  file.check_same_run(settings, data_fingerprint);
  computing_with_.resume(file);
  each([&](const std::string& name, Tensor& t) { file.load(name, t); });
  refresh_copies(net);
  step = file.integer("step"), seen_at = file.integer("seen_at");
  epoch = file.integer("epoch"), position = file.integer("position");
}

TrainedVae::TrainedVae(const std::string& path, Device device) {
  const Checkpoint file(path, format_name, VaeSettings::kind);
  settings = VaeSettings::from_json(file.json("settings"), path);
  settings.check();
  const auto [h, w] = file.image_size(classes);
  net = Vae(settings.network(h, w, static_cast<int>(classes.size())), device);
  each_state("net.", net, [&](const std::string& name, Tensor& t) { file.load(name, t); });
  refresh_copies(net);
  step = file.integer("step");
}

}  // namespace duel
