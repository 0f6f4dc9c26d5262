#include "apps/support/gan_state.h"

#include <fmt/format.h>

namespace duel {
namespace {

constexpr const char* format_name = "duel-gan-1";

}  // namespace

GanState::GanState(const GanSettings& settings, Device device, uint64_t data_fingerprint)
    : RunState(settings, device, data_fingerprint), device(device), g(settings.network(), device), d(settings.network(), device) {
  init_weights(g, settings.seed), init_weights(d, settings.seed);
  const OptimizerSettings adam{.kind = OptimizerKind::adam, .lr = settings.lr, .beta1 = settings.beta1};
  opt_g = Optimizer(adam, masters(g), copies(g)), opt_d = Optimizer(adam, masters(d), copies(d));
}

void GanState::each(const TensorVisit& f) {
  each_state("g.", g, f), each_state("d.", d, f);
  opt_g.each([&](const std::string& name, Tensor& t) { f("opt_g." + name, t); });
  opt_d.each([&](const std::string& name, Tensor& t) { f("opt_d." + name, t); });
}

void GanState::save(const std::string& path) {
  write(path, format_name, [&](const TensorVisit& f) { each(f); }, {});
}

void GanState::load(const std::string& path) {
  read(path, format_name, [&](const TensorVisit& f) { each(f); });
  refresh_copies(g), refresh_copies(d);
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
