// DCGAN: Radford, Metz & Chintala, "Unsupervised representation learning with deep convolutional generative adversarial networks" (2016),
// with the layer sizes of PyTorch's example. Any image that can be halved: h×w is halved while both sides are even and above 4, down to
// h₀×w₀ (4×4 for 16, 32, 64 and 128; 7×7 for 28).
//
//   G   z [n,1,1,nz] → convT h₀×w₀ s1 p0, BN, ReLU → [n,h₀,w₀,ngf·2^(halvings − 1)]
//                    → (convT k4 s2 p1, BN, ReLU) halving the channels, doubling the size, down to ngf channels
//                    → convT k4 s2 p1, tanh      → [n,h,w,channels] in [−1, 1]
//   D   its mirror image with LeakyReLU(.2), no BN on the first layer, and a last convolution h₀×w₀ → one logit [n,1,1,1]
//
// No bias where there is BN. Weights start from N(0, .02), BN gamma from N(1, .02), beta from 0. By argument, D takes layer or instance
// norm, none (a critic for WGAN-GP: Gulrajani et al., 2017, section 4) or spectral norm on every layer (SN-GAN: Miyato et al., 2018) in
// BN's place, with biases in all layers where no norm shifts any (none and spectral), and G takes BN by class.
#pragma once
#include <optional>
#include <vector>

#include "models/gan_config.h"
#include "models/layer_table.h"

namespace duel {

struct DcganGenerator {
  std::vector<ConvLayer> layers;
  DcganGenerator() = default;
  DcganGenerator(const GanConfig& config, Device device);  // contents undefined until init_weights or a checkpoint
  Tensor operator()(const Tensor& z, const Pass& pass) const;
  void each(const Visitor& visit);
  void describe(LayerTable& table) const;
};

struct DcganDiscriminator {
  std::vector<ConvLayer> layers;
  double dropout = 0;
  Tensor planes;  // of all classes, where the label is one of a few one-hot planes (cgan.h): then it comes with `pass`, not beside x
  DcganDiscriminator() = default;
  DcganDiscriminator(const GanConfig& config, Device device);
  Tensor features(const Tensor& x, const Pass& pass) const;  // [n,h₀,w₀,ndf·2^(halvings − 1)]
  Tensor head(const Tensor& features) const;                 // [n,1,1,1]; one more channel where the batch's deviation stands beside them
  Tensor operator()(const Tensor& x,
                    const Pass& pass) const;  // head(features(x)), in one chain where it can be (engine/ops/conv_chain.cpp)
  void each(const Visitor& visit);
  void describe(LayerTable& table, int h, int w) const;

 private:
  std::optional<Tensor> chained(const Tensor& x, const Pass& pass, size_t count) const;
};

}  // namespace duel
