// The two nets of a GAN, whichever they are: dcgan.h, mlp_gan.h or keras_gan.h between what all of them share — the label, where the GAN is
// conditional (cgan.h), the batch's deviation, and shapes that are checked.
#pragma once
#include <string>
#include <variant>

#include "models/dcgan.h"
#include "models/initialise.h"
#include "models/keras_gan.h"
#include "models/mlp_gan.h"

namespace duel {

struct Generator {
  GanConfig config;
  std::variant<DcganGenerator, MlpGenerator, KerasGenerator> net;
  Weight label;  // [classes,embedded_label] where the label is embedded; else undefined
  Device device = Device::cpu;
  Generator() = default;
  Generator(const GanConfig& config, Device device);  // contents undefined until init_weights or a checkpoint
  // z [n,1,1,nz] → [n,h,w,channels] in [−1, 1] (anywhere from a net of points). Another shape, and labels where there are none or none
  // where there are some, throw Error(usage) with the layer table.
  Tensor operator()(const Tensor& z, const Pass& pass = {}) const;
  void each(const Visitor& visit);
};

struct Discriminator {
  GanConfig config;
  std::variant<DcganDiscriminator, MlpDiscriminator, KerasDiscriminator> net;
  Weight label;  // [classes,h·w] embedded, [classes,c] of a projection; else undefined
  Device device = Device::cpu;
  Discriminator() = default;
  Discriminator(const GanConfig& config, Device device);
  // x [n,h,w,channels] → what feature matching compares and the head judges, [n,h₀,w₀,c].
  Tensor features(const Tensor& x, const Pass& pass = {}) const;
  Tensor head(const Tensor& features, const Pass& pass = {}) const;  // logits [n,1,1,1], f32 (f64 from an f64 net)
  Tensor operator()(const Tensor& x, const Pass& pass = {}) const;   // head(features(x))
  void each(const Visitor& visit);

 private:
  Tensor with_label(const Tensor& x, const Pass& pass) const;
};

// One step of power iteration on every layer that has a spectral norm; once before each step of D.
void power_iteration(Discriminator& d);

// Weights by `init`, BN gamma from N(1, .02) with Init::normal and 1 otherwise, G's embedded labels from N(0, 1) as its noise is, D's from
// N(0, .02), the rest 0; the same on every device.
void init_weights(Generator& g, int64_t seed, Init init = Init::normal);
void init_weights(Discriminator& d, int64_t seed, Init init = Init::normal);

// The layers with shapes and parameter counts; and as text, where `marked` names a line that an arrow shows.
LayerTable layers_of(const GanConfig& config);
std::string describe(const GanConfig& config, const std::string& marked = "");

}  // namespace duel
