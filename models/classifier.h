// Classifiers: the yardstick of every study. Any image of at least 4 × 4 pixels with 1 to 4 channels → logits of K classes.
//
//   LeNet    after LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document recognition" (1998), figure 2, with
//   today's
//            parts:   (conv k5 "same" → max pool 2 → BN, ReLU) twice, of width and 2·width channels → dense 4·width, ReLU, dropout → dense
//            K
//   ResNet   He, Zhang, Ren & Sun, "Deep residual learning for image recognition" (2016), section 4.2:
//            conv k3, BN, ReLU → three stages of `blocks` blocks, of width, 2·width and 4·width channels, the second and third halving the
//            image → mean over the image → dense K.   A block is conv k3, BN, ReLU, conv k3, BN, plus its input (where the shape changes,
//            through a 1 × 1 convolution and BN: option B), ReLU.   6·blocks + 2 layers have weights: width 16 and blocks 3 is ResNet-20.
//
// Pooling comes before batch norm, which then has a quarter of the work. Convolutions have no bias. Weights start from N(0, 2/fan-in) (He,
// Zhang, Ren & Sun, "Delving deep into rectifiers", 2015), the last layer from N(0, 1/fan-in), gamma from 1, beta and biases from 0.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "models/layer_table.h"

namespace duel {

enum class ClassifierNet { lenet, resnet };
constexpr const char* classifier_names[] = {"lenet", "resnet"};

struct ClassifierConfig {
  ClassifierNet net = ClassifierNet::lenet;
  int h = 28, w = 28, channels = 1, classes = 10;
  int width = 32;                // channels of the first layer
  int blocks = 1;                // of a stage of the ResNet
  double dropout = 0.5;          // of the LeNet's dense layer
  DType precision = DType::f32;  // bf16: activations and copies of the weights in bf16; the weights proper stay f32
};
// Throws Error(usage), naming the setting.
void check_config(const ClassifierConfig& config);

struct LeNet {
  ClassifierConfig config;
  ConvLayer conv[2];
  DenseLayer hidden, out;
  LeNet() = default;
  LeNet(const ClassifierConfig& config, Device device);                   // contents undefined until init_weights or a checkpoint
  Tensors stages(const Tensor& x, Mode mode) const;                       // of both convolutions, normalised, behind the ReLU
  Tensor features(const Tensor& x, Mode mode, const Coins& coins) const;  // what `out` sees: [n, 4·width]
  Tensor operator()(const Tensor& x, Mode mode, const Coins& coins) const;
  void each(const Visitor& visit);
};

struct ResidualBlock {
  ConvLayer first, second, shortcut;  // shortcut.w is undefined where the input is added as it is
};
struct ResNet {
  ClassifierConfig config;
  ConvLayer stem;
  std::vector<ResidualBlock> blocks;
  DenseLayer out;
  ResNet() = default;
  ResNet(const ClassifierConfig& config, Device device);
  Tensors stages(const Tensor& x, Mode mode) const;                       // of the last block of each stage
  Tensor features(const Tensor& x, Mode mode, const Coins& coins) const;  // what `out` sees: [n, 4·width]
  Tensor operator()(const Tensor& x, Mode mode, const Coins& coins) const;
  void each(const Visitor& visit);
};

// Either of them.
struct Classifier {
  ClassifierConfig config;
  std::variant<LeNet, ResNet> net;
  Classifier() = default;
  Classifier(const ClassifierConfig& config, Device device);
  // x [n,h,w,channels] in [−1, 1] → logits [n,classes], f32 (f64 from an f64 net). Another shape throws Error(usage) with the layer table.
  // Mode::train needs coins where there is dropout; Mode::infer needs none.
  Tensor operator()(const Tensor& x, Mode mode = Mode::infer, const Coins& coins = {}) const;
  // The same up to the last dense layer → [n,d], d = 4·width, f32 (f64 from an f64 net); and that layer: logits(features(x)) is (*this)(x).
  Tensor features(const Tensor& x, Mode mode = Mode::infer, const Coins& coins = {}) const;
  Tensor logits(const Tensor& features) const;
  // What the stages of its convolutions leave, in their order, of half the sides each (of ResNet, the first of whole ones): [n,h,w,c] each.
  Tensors stages(const Tensor& x, Mode mode = Mode::infer) const;
  void each(const Visitor& visit);
  Device device() const;
};

void init_weights(Classifier& net, int64_t seed);

// The layers with shapes and parameter counts; and as text.
LayerTable layers_of(const ClassifierConfig& config);
inline std::string describe(const ClassifierConfig& config) { return layers_of(config).text(); }

}  // namespace duel
