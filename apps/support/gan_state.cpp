#include "apps/support/gan_state.h"

#include <fmt/format.h>

namespace duel {
namespace {

constexpr const char* format_name = "duel-gan-1";

}  // namespace

GanState::GanState(const GanSettings& settings, Device device, uint64_t data_fingerprint)
    : settings(settings),
      device(device),
      g(settings.network(), device),
      d(settings.network(), device),
      step_on_device(step_counter(0, device)),
      data_fingerprint(data_fingerprint),
      computing_with_(device) {
  init_weights(g, settings.seed), init_weights(d, settings.seed);
  const OptimizerSettings adam{.kind = OptimizerKind::adam, .lr = settings.lr, .beta1 = settings.beta1};
  opt_g = Optimizer(adam, masters(g), copies(g)), opt_d = Optimizer(adam, masters(d), copies(d));
}

void GanState::each(const TensorVisit& f) {
  each_state("g.", g, f), each_state("d.", d, f);
  opt_g.each([&](const std::string& name, Tensor& t) { f("opt_g." + name, t); });
  opt_d.each([&](const std::string& name, Tensor& t) { f("opt_d." + name, t); });
  f("step", step_on_device);
}

void GanState::save(const std::string& path) {
  SafeTensors file;
  each([&](const std::string& name, Tensor& t) { add_tensor(file, name, t, step, path); });
  file.metadata = {{"format", format_name},
                   {"settings", settings.json().dump()},
                   {"computing_with", computing_with_.json().dump()},
                   {"data", fmt::format("{:016x}", data_fingerprint)},
                   {"step", std::to_string(step)},
                   {"epoch", std::to_string(epoch)},
                   {"position", std::to_string(position)}};
  write_safetensors(path, file);
}

void GanState::load(const std::string& path) {
  const Checkpoint file(path, format_name, GanSettings::kind);
  file.check_same_run(settings, data_fingerprint);
  computing_with_.resume(file);
  each([&](const std::string& name, Tensor& t) { file.load(name, t); });
  refresh_copies(g), refresh_copies(d);
  step = file.integer("step"), epoch = file.integer("epoch"), position = file.integer("position");
}

GanSampler::GanSampler(const std::string& path, Device device) {
  const Checkpoint file(path, format_name, GanSettings::kind);
  settings = GanSettings::from_json(file.json("settings"), path);
  settings.check();
  g = DcganGenerator(settings.network(), device);
  each_state("g.", g, [&](const std::string& name, Tensor& t) { file.load(name, t); });
  refresh_copies(g);
  step = file.integer("step");
}

}  // namespace duel
