// Variational autoencoders: Kingma & Welling (2014), and what is made of them by argument. Their losses are in variational.h.
//
//   keras   the example of Keras, for images whose sides are multiples of 4 (28 × 28 × 1, width 32, hidden 16, latent 2 is the original).
//           Convolutions are k3 with "same" padding and a bias.
//           encoder   conv s2, ReLU → conv s2, ReLU, of width and 2·width channels → dense hidden, ReLU → two dense: μ and log σ²
//           decoder   dense, ReLU → [h/4, w/4, 2·width] → convT s2, ReLU → convT s2, ReLU, of 2·width and width channels → convT s1
//   conv    shaped as DCGAN (dcgan.h), for any image that can be halved: k4 s2 p1, no bias but in dense layers and the last one
//           encoder   (conv, BN, LeakyReLU .2) from width channels, doubling them, halving the image while its sides are even and above 4;
//                     no BN on the first layer → two dense
//           decoder   its mirror image: dense, ReLU → (convT, BN, ReLU) → convT
//
// The decoder's last layer is what a likelihood wants: logits, or a Gaussian's mean. No activation follows.
//   variational = false   the plain autoencoder: no log σ², z = μ
//   classes > 0           conditional: Sohn, Lee & Yan, "Learning structured output representation using deep conditional generative
//   models"
//                         (2015). The one-hot label stands as planes beside the encoder's image, and beside z.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "models/initialise.h"
#include "models/layer_table.h"

namespace duel {

enum class VaeNet { keras, conv };
constexpr ActivationSpec vae_leaky{Act::leaky_relu, 0.2};  // of conv's encoder
constexpr const char* vae_net_names[] = {"vae", "conv"};

struct VaeConfig {
  VaeNet net = VaeNet::keras;
  int h = 28, w = 28, channels = 1;
  int latent = 2;
  int width = 32;   // channels of the first layer
  int hidden = 16;  // of the dense layer before μ and log σ²; keras only
  int classes = 0;  // 0: unconditional
  bool variational = true;
  DType precision = DType::f32;  // bf16: activations and copies of the weights in bf16; the weights proper stay f32
};
// Throws Error(usage), naming the setting.
void check_config(const VaeConfig& config);

// q(z|x): [n,latent] each, f32 (f64 from an f64 net). log_variance is undefined for a plain autoencoder.
struct Posterior {
  Tensor mean, log_variance;
};

struct VaeEncoder {
  VaeConfig config;
  std::vector<ConvLayer> convs;
  DenseLayer hidden, mean, log_variance;  // undefined where the net has none
  VaeEncoder() = default;
  VaeEncoder(const VaeConfig& config, Device device);  // contents undefined until init_weights or a checkpoint
  // x [n,h,w,channels] in [0, 1]; where the net is conditional, labels i32 [n], or how much of each class each is, [n,classes].
  Posterior operator()(const Tensor& x, const Tensor& labels = {}, Mode mode = Mode::train) const;
  void each(const Visitor& visit);
};

struct VaeDecoder {
  VaeConfig config;
  DenseLayer dense;
  std::vector<ConvLayer> convs;
  VaeDecoder() = default;
  VaeDecoder(const VaeConfig& config, Device device);
  // z [n,latent] → [n,h,w,channels], f32 (f64 from an f64 net).
  Tensor operator()(const Tensor& z, const Tensor& labels = {}, Mode mode = Mode::train) const;
  void each(const Visitor& visit);
};

// Inputs of another shape, and labels where there are none or none where there are some, throw Error(usage) with the layer table.
struct Vae {
  VaeConfig config;
  VaeEncoder encoder;
  VaeDecoder decoder;
  Vae() = default;
  Vae(const VaeConfig& config, Device device) : config(config), encoder(config, device), decoder(config, device) {}
  void each(const Visitor& visit);
};

// Weights by `scheme`, or as the net's authors do: keras by Glorot & Bengio (2010), uniform in ±√(6/(fan-in + fan-out)), conv as dcgan.h.
// Biases 0.
void init_weights(Vae& net, int64_t seed, std::optional<Init> scheme = {});

// The layers with shapes and parameter counts; and as text.
LayerTable layers_of(const VaeConfig& config);
// The line called `marked` has an arrow before it.
inline std::string describe(const VaeConfig& config, const std::string& marked = "") { return layers_of(config).text(marked); }

}  // namespace duel
