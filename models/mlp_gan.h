// GANs of dense layers, after Goodfellow et al., "Generative adversarial nets" (2014), for any image; it is one row of h·w·c values to
// them.
//
//   mlp        G: (dense, BN, ReLU) of 4·ngf, 8·ngf and 16·ngf → dense pixels, tanh; D: (dense, LeakyReLU .2, dropout) of 16·ndf, 8·ndf and
//              4·ndf → dense 1. ngf = ndf = 64 is the net that is often printed, with dropout .3.
//   small-mlp  G: dense 2·ngf, LeakyReLU .01 → dense pixels, tanh; D: dense 2·ndf, LeakyReLU .01 → dense 1
//   points     for points of the plane, images of 1×1 with two channels: `depth` hidden layers of ngf and ndf with ReLU and LeakyReLU .2,
//              and no tanh, for points lie anywhere
//
// Dense layers have biases. D takes a norm by argument, as a DCGAN does.
#pragma once
#include <vector>

#include "models/gan_config.h"
#include "models/layer_table.h"

namespace duel {

ActivationSpec hidden_activation_of_g(GanNet net);

struct MlpGenerator {
  GanConfig config;
  std::vector<DenseLayer> layers;
  MlpGenerator() = default;
  MlpGenerator(const GanConfig& config, Device device);
  Tensor operator()(const Tensor& z, const Pass& pass) const;  // z [n,1,1,nz] → [n,h,w,channels]
  void each(const Visitor& visit);
  void describe(LayerTable& table) const;
};

struct MlpDiscriminator {
  GanConfig config;
  std::vector<DenseLayer> layers;
  MlpDiscriminator() = default;
  MlpDiscriminator(const GanConfig& config, Device device);
  Tensor features(const Tensor& x, const Pass& pass) const;  // [n,1,1,the last hidden layer's width]
  Tensor head(const Tensor& features) const;                 // [n,1,1,1]
  void each(const Visitor& visit);
  void describe(LayerTable& table) const;
};

}  // namespace duel
