#include "apps/support/classify/state.h"

namespace duel {

ClassifyState::ClassifyState(const ClassifySettings& settings, const Dataset& train, Device device)
    : RunState(settings, device, fingerprint(train)),
      classes(train.classes),
      net(settings.network(train.h, train.w, static_cast<int>(train.classes.size())), device),
      loss_sum(Tensor::zeros({}, DType::f32, device)) {
  init_weights(net, settings.seed);
  optimizer = Optimizer(settings.optimizer_settings(), masters(net), copies(net), step_on_device);
}

void ClassifyState::each(const TensorVisit& f) {
  each_state("net.", net, f);
  optimizer.each([&](const std::string& name, Tensor& t) { f("optimizer." + name, t); });
  f("loss_sum", loss_sum);
}

void ClassifyState::save(const std::string& path) {
  write(path, classifier_format, [&](const TensorVisit& f) { each(f); },
        {{"network", network_json(net.config.h, net.config.w, classes).dump()}, {"seen_at", std::to_string(seen_at)}});
}

void ClassifyState::load(const std::string& path) {
  const Checkpoint file = read(path, classifier_format, [&](const TensorVisit& f) { each(f); });
  refresh_copies(net);
  seen_at = file.integer("seen_at");
}

TrainedClassifier::TrainedClassifier(const std::string& path, Device device) {
  const Checkpoint file(path, classifier_format, ClassifySettings::kind);
  settings = ClassifySettings::from_json(file.json("settings"), path);
  settings.check();
  const auto [h, w] = file.image_size(classes);
  net = Classifier(settings.network(h, w, static_cast<int>(classes.size())), device);
  each_state("net.", net, [&](const std::string& name, Tensor& t) { file.load(name, t); });
  refresh_copies(net);
  step = file.integer("step");
}

}  // namespace duel
