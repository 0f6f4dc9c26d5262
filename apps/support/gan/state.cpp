#include "apps/support/gan/state.h"

namespace duel {
GanState::GanState(const GanSettings& settings, const Dataset& train, Device device)
    : RunState(settings, device, fingerprint(train)), classes(train.classes), margin(train.margin) {
  const GanConfig config = settings.network(train.h, train.w, static_cast<int>(classes.size()));
  g = Generator(config, device), d = Discriminator(config, device);
  init_weights(g, settings.seed, settings.initial()), init_weights(d, settings.seed, settings.initial());
  opt_g = Optimizer(settings.optimizer_of_g(), masters(g), copies(g), step_on_device);
  opt_d = Optimizer(settings.optimizer_of_d(), masters(d), copies(d));
  if (settings.ema > 0) average.emplace(g, settings.ema);
  if (settings.ada > 0) ada.emplace(settings.ada, int64_t{settings.batch} * settings.batches_a_step(), device);
}

void GanState::each(const TensorVisit& f) {
  each_state("g.", g, f), each_state("d.", d, f);
  if (average) each_state("average.", average->average, f);
  if (ada) f("ada", ada->state);
  opt_g.each([&](const std::string& name, Tensor& t) { f("opt_g." + name, t); });
  opt_d.each([&](const std::string& name, Tensor& t) { f("opt_d." + name, t); });
}

void GanState::save(const std::string& path) {
  write(path, gan_format, [&](const TensorVisit& f) { each(f); },
        {{"network", network_json(g.config.h, g.config.w, classes, margin).dump()}, {"judged_by", judged_by}});
}

void GanState::load(const std::string& path) {
  const Checkpoint file = read(path, gan_format, [&](const TensorVisit& f) { each(f); });
  file.check_judged_by(judged_by, settings.extractor);
  refresh_copies(g), refresh_copies(d);
}

void GanState::set_rate(double factor) {
  if (settings.schedule == "constant") return;
  opt_g.set_lr(settings.optimizer_of_g().lr * factor), opt_d.set_lr(settings.optimizer_of_d().lr * factor);
}

const Generator& GanState::shown() {
  if (!average) return g;
  refresh_copies(average->average);
  return average->average;
}

TrainedGan::TrainedGan(const std::string& path, Device device) {
  const Checkpoint file(path, gan_format, GanSettings::kind);
  settings = GanSettings::from_json(file.json("settings"), path);
  settings.check();
  const auto [h, w] = file.image_size(classes);
  g = Generator(settings.network(h, w, static_cast<int>(classes.size())), device);
  each_state(settings.ema > 0 ? "average." : "g.", g, [&](const std::string& name, Tensor& t) { file.load(name, t); });
  refresh_copies(g);
  step = file.integer("step"), margin = file.margin(), origin = file.origin();
}

TrainedGan::TrainedGan(GanState& run) : settings(run.settings), classes(run.classes), g(run.shown()), step(run.step), margin(run.margin) {}

}  // namespace duel
