#include "apps/support/command/presets.h"

#include <algorithm>

namespace duel {

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = {
      {"cgan", "fashion-mnist", "28 × 28, one-hot labels", {{"conditional", true}, {"size", 28}, {"epochs", 12.0}, {"ema", 0.999}}},
      {"cgan",
       "fashion-mnist-projection",
       "28 × 28, projection, BN by class, spectral norm and hinge loss",
       {{"conditional", true},
        {"size", 28},
        {"label-in-g", "norm"},
        {"label-in-d", "projection"},
        {"d-norm", "spectral"},
        {"loss", "hinge"},
        {"epochs", 16.0},
        {"ema", 0.999}}},
      {"classify", "fashion-mnist", "LeNet, labels smoothed", {{"lr", 0.1}, {"weight-decay", 1e-3}, {"smoothing", 0.1}, {"epochs", 12.0}}},
      {"classify",
       "fashion-mnist-resnet",
       "ResNet, labels smoothed, images mirrored",
       {{"net", "resnet"},
        {"width", 32},
        {"blocks", 1},
        {"lr", 0.1},
        {"weight-decay", 5e-4},
        {"smoothing", 0.1},
        {"aug", "hflip"},
        {"epochs", 8.0}}},
      {"classify", "shapes", "LeNet, the shapes in colour", {{"data", "shapes"}, {"size", 32}}},
      {"gan", "fashion-mnist", "DCGAN, 28 × 28", {{"size", 28}, {"epochs", 8.0}, {"ema", 0.999}}},
      {"gan",
       "fashion-mnist-keras",
       "DCGAN as it is written in Keras, 28 × 28",
       {{"net", "keras"}, {"size", 28}, {"epochs", 8.0}, {"ema", 0.999}}},
      {"gan", "fashion-mnist-mlp", "dense layers, 28 × 28", {{"net", "mlp"}, {"size", 28}, {"epochs", 15.0}, {"ema", 0.999}}},
      {"gan",
       "fashion-mnist-wgan",
       "dense layers, Wasserstein loss with clipped weights",
       {{"net", "mlp"},
        {"size", 28},
        {"loss", "wasserstein"},
        {"clip", 0.01},
        {"critic-steps", 5},
        {"optimizer", "rmsprop"},
        {"lr", 5e-4},
        {"epochs", 30.0},
        {"ema", 0.999}}},
      {"gan",
       "shapes-sn",
       "spectral norm and hinge loss, in colour",
       {{"data", "shapes"},
        {"size", 32},
        {"ngf", 32},
        {"ndf", 32},
        {"d-norm", "spectral"},
        {"loss", "hinge"},
        {"ema", 0.999},
        {"epochs", 24.0}}},
      {"gan",
       "shapes-wgan-gp",
       "Wasserstein loss with a penalty, in colour",
       {{"data", "shapes"},
        {"size", 32},
        {"ngf", 32},
        {"ndf", 32},
        {"d-norm", "layer"},
        {"loss", "wasserstein"},
        {"penalty", "wgan-gp"},
        {"penalty-weight", 1.0},
        {"critic-steps", 2},
        {"batch", 32},
        {"lr", 2e-3},
        {"beta1", 0.0},
        {"beta2", 0.9},
        {"schedule", "linear"},
        {"ema", 0.999},
        {"steps", 12000}}},
      {"vae", "fashion-mnist", "Keras's example, two latent variables", {{"epochs", 8.0}}},
      {"vae", "fashion-mnist-ae", "Keras's example without its randomness", {{"net", "ae"}, {"epochs", 8.0}}},
      {"vae",
       "fashion-mnist-beta",
       "Keras's example, ten latent variables, the KL weighed by four",
       {{"beta", 4.0}, {"latent", 10}, {"epochs", 8.0}}},
      {"vae", "fashion-mnist-cvae", "shaped as DCGAN, with labels", {{"net", "conv"}, {"conditional", true}, {"epochs", 6.0}}},
  };
  return all;
}

std::string presets_of(const std::string& program) {
  std::string text;
  for (const Preset& p : presets())
    if (p.program == program) text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", p.name, p.about);
  return text;
}

const Preset& find_preset(const std::string& program, const std::string& name) {
  const auto found =
      std::find_if(presets().begin(), presets().end(), [&](const Preset& p) { return p.program == program && p.name == name; });
  if (found == presets().end()) fail(Failure::usage, fmt::format("--preset {}: there are {}", name, presets_of(program)));
  return *found;
}

}  // namespace duel
