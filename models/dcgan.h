// DCGAN: Radford, Metz & Chintala, "Unsupervised representation learning with deep convolutional generative adversarial networks" (2016),
// with the layer sizes of PyTorch's example, for square images of 16, 32, 64 or 128 pixels.
//
//   G   z [n,1,1,nz] → convT k4 s1 p0, BN, ReLU → [n,4,4,ngf·size/8]
//                    → (convT k4 s2 p1, BN, ReLU) halving the channels, doubling the size, down to ngf channels
//                    → convT k4 s2 p1, tanh      → [n,size,size,channels] in [−1, 1]
//   D   its mirror image with LeakyReLU(.2), no BN on the first layer, and a last convolution k4 → one logit [n,1,1,1]
//
// No bias anywhere. Weights start from N(0, .02), BN gamma from N(1, .02), beta from 0.
#pragma once
#include <string>
#include <vector>

#include "models/layers.h"

namespace duel {

struct DcganConfig {
  int size = 64, channels = 3;
  int nz = 100, ngf = 64, ndf = 64;
  DType precision = DType::f32;  // bf16: activations and copies of the weights in bf16; the weights proper stay f32
};
// Throws Error(usage), naming the setting, on a size that is not 16, 32, 64 or 128, or channels outside 1..4.
void check_config(const DcganConfig& config);

struct DcganGenerator {
  DcganConfig config;
  std::vector<ConvLayer> layers;
  DcganGenerator() = default;
  DcganGenerator(const DcganConfig& config, Device device);  // contents undefined until init_weights or a checkpoint
  Tensor operator()(const Tensor& z, Mode mode = Mode::train) const;
  void each(const Visitor& visit);
};

struct DcganDiscriminator {
  DcganConfig config;
  std::vector<ConvLayer> layers;
  DcganDiscriminator() = default;
  DcganDiscriminator(const DcganConfig& config, Device device);
  Tensor operator()(const Tensor& x, Mode mode = Mode::train) const;  // logits [n,1,1,1], f32 (f64 from an f64 net)
  void each(const Visitor& visit);
};

// N(0, .02) for weights, N(1, .02) for gamma, 0 for beta, 0 and 1 for the running statistics; from Philox, so the same on every device.
void init_weights(DcganGenerator& g, int64_t seed);
void init_weights(DcganDiscriminator& d, int64_t seed);

// A table of the layers with shapes and parameter counts, for `info` and for errors.
std::string describe(const DcganConfig& config);

}  // namespace duel
