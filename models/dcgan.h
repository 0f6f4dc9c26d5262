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
#include <functional>
#include <string>
#include <vector>

#include "engine/ops.h"

namespace duel {

struct DcganConfig {
  int size = 64, channels = 3;
  int nz = 100, ngf = 64, ndf = 64;
  DType precision = DType::f32;  // bf16: activations and copies of the weights in bf16; the weights proper stay f32
};
// Throws Error(usage), naming the setting, on a size that is not 16, 32, 64 or 128, or channels outside 1..4.
void check_config(const DcganConfig& config);

// A weight as the optimiser sees it (f32), and in the precision that the network computes in.
struct Weight {
  Tensor master, copy;  // copy: bf16, or undefined in f32
  const Tensor& used() const { return copy ? copy : master; }
};

// Visits every tensor of a model in a fixed order: initialisation, optimiser, checkpoint, counting and inspection all come from here.
//   name   "2.w", "2.gamma", "2.beta", "2.running_mean", …
struct Visitor {
  std::function<void(const std::string& name, Weight& w)> weight;  // trained
  std::function<void(const std::string& name, Tensor& t)> buffer;  // BN's running statistics: kept, not trained
};

struct ConvLayer {
  Weight w;            // [k,4,4,c]
  Weight gamma, beta;  // [c]; undefined where the layer has no BN
  Tensor running_mean, running_var;
  Window window;
  bool has_norm() const { return static_cast<bool>(gamma.master); }
  BatchNorm norm() const { return {gamma.master, beta.master, running_mean, running_var}; }
};

enum class Mode { train, infer };  // batch statistics or running ones

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

// What each(f) is for.
template <class Model>
Tensors masters(Model& model) {
  Tensors list;
  model.each({[&](const std::string&, Weight& w) { list.push_back(w.master); }, {}});
  return list;
}
template <class Model>
Tensors used(Model& model) {  // what gradients are taken with respect to
  Tensors list;
  model.each({[&](const std::string&, Weight& w) { list.push_back(w.used()); }, {}});
  return list;
}
template <class Model>
Tensors copies(Model& model) {
  Tensors list;
  model.each({[&](const std::string&, Weight& w) { list.push_back(w.copy); }, {}});
  return list;
}
template <class Model>
int64_t parameter_count(Model& model) {
  int64_t count = 0;
  for (const Tensor& t : masters(model)) count += t.count();
  return count;
}
// Brings the bf16 copies up to date after the masters were written from outside (initialisation, checkpoint).
template <class Model>
void refresh_copies(Model& model) {
  model.each({[&](const std::string&, Weight& w) {
                if (w.copy) w.copy.assign(cast(w.master, w.copy.dtype()).detach());
              },
              {}});
}

// N(0, .02) for weights, N(1, .02) for gamma, 0 for beta, 0 and 1 for the running statistics; from Philox, so the same on every device.
void init_weights(DcganGenerator& g, int64_t seed);
void init_weights(DcganDiscriminator& d, int64_t seed);

// A table of the layers with shapes and parameter counts, for `info` and for errors.
std::string describe(const DcganConfig& config);

}  // namespace duel
