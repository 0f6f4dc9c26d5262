// The DCGAN as it is often written in Keras: dense layers first, 5×5 kernels with "same" padding (of an even image and stride 2: one row
// before it, two behind), LeakyReLU .3 in both nets. Images whose sides 4 divides; 32×32×3 with ngf = ndf = 64 is the original.
//
//   G   z → (dense 4·ngf, BN, LReLU) twice → dense h/4·w/4·2·ngf, BN, LReLU → convT 2·ngf s1, BN, LReLU → convT ngf s2, BN, LReLU
//         → convT channels s2, tanh.   Dense layers have biases, convolutions none. BN as Keras has it: eps 1e-3; the new batch weighs .2
//         in the running statistics.
//   D   conv ndf s2, LReLU, dropout → conv 2·ndf s2, LReLU, dropout → dense 1.   All with biases; dropout .3 in the original.
//
// Kernels of 5 at stride 2 overlap 2,3,2,3: such nets draw checkerboards, which kernels of 4 do not (Odena, Dumoulin & Olah,
// "Deconvolution and checkerboard artifacts", 2016).
#pragma once
#include <vector>

#include "models/gan_config.h"
#include "models/layer_table.h"

namespace duel {

constexpr ActivationSpec keras_leaky{Act::leaky_relu, 0.3};

struct KerasGenerator {
  GanConfig config;
  std::vector<DenseLayer> dense;
  std::vector<ConvLayer> convs;
  KerasGenerator() = default;
  KerasGenerator(const GanConfig& config, Device device);
  Tensor operator()(const Tensor& z, const Pass& pass) const;  // z [n,1,1,nz] → [n,h,w,channels]
  void each(const Visitor& visit);
  void describe(LayerTable& table) const;
};

struct KerasDiscriminator {
  GanConfig config;
  std::vector<ConvLayer> convs;
  DenseLayer out;
  KerasDiscriminator() = default;
  KerasDiscriminator(const GanConfig& config, Device device);
  Tensor features(const Tensor& x, const Pass& pass) const;  // [n,h/4,w/4,2·ndf]
  Tensor head(const Tensor& features) const;                 // [n,1,1,1]
  void each(const Visitor& visit);
  void describe(LayerTable& table) const;
};

}  // namespace duel
