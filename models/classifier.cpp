#include "models/classifier.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "models/initialise.h"

namespace duel {
namespace {

constexpr int least_side = 4, lenet_kernel = 5, resnet_kernel = 3;
constexpr Window same5{.stride = 1, .pad = 2};

Window same3(int stride) { return {.stride = stride, .pad = 1}; }
int halved(int size) { return (size + 1) / 2; }  // by a convolution of stride 2 with "same" padding

Tensor flat(const Tensor& x) { return reshape(x, {x.shape()[0], x.count() / x.shape()[0]}); }

Tensor residual(const ResidualBlock& b, const Tensor& x, Mode mode) {
  const Tensor inner = normed(conv2d(x, b.first.w.used(), b.first.window), b.first, mode, {Act::relu});
  const Tensor change = normed(conv2d(inner, b.second.w.used(), b.second.window), b.second, mode);
  return relu(change + (b.shortcut.w.master ? normed(conv2d(x, b.shortcut.w.used(), b.shortcut.window), b.shortcut, mode) : x));
}

void want_images(const ClassifierConfig& config, const Tensor& x) {
  const bool fits = x && x.shape().rank() == 4 && x.shape()[0] > 0 && x.shape() == Shape{x.shape()[0], config.h, config.w, config.channels};
  if (fits) return;
  std::string table = describe(config);
  table.insert(table.find("input"), "→ ");
  fail(Failure::usage, fmt::format("[classifier] x is {}, which does not fit the line marked → of\n{}\nresize the images, or build the "
                                   "net for their size",
                                   x ? x.text() : "undefined", table));
}

Tensor in_precision(const ClassifierConfig& config, const Tensor& x) { return is_floating(x.dtype()) ? cast(x, config.precision) : x; }
Tensor accumulated(const Tensor& t) { return cast(t, accumulator_of(t.dtype())); }

}  // namespace

void check_config(const ClassifierConfig& c) {
  auto want = [](bool right, const std::string& message) {
    if (!right) fail(Failure::usage, message);
  };
  want(c.h >= least_side && c.w >= least_side && c.h <= 4096 && c.w <= 4096,
       fmt::format("images of {}×{} pixels: a classifier takes 4 to 4096 each way", c.h, c.w));
  want(c.channels >= 1 && c.channels <= 4, fmt::format("--channels {}: 1 to 4", c.channels));
  want(c.classes >= 2 && c.classes <= 65536, fmt::format("{} classes: a classifier tells 2 to 65536 apart", c.classes));
  want(c.width >= 1 && c.width <= 1024, fmt::format("--width {}: 1 to 1024", c.width));
  want(c.blocks >= 1 && c.blocks <= 100, fmt::format("--blocks {}: 1 to 100", c.blocks));
  want(c.dropout >= 0 && c.dropout < 1, fmt::format("--dropout {}: in [0, 1)", c.dropout));
}

LeNet::LeNet(const ClassifierConfig& c, Device device) : config(c) {
  conv[0] = make_conv(c.width, lenet_kernel, c.channels, c.width, same5, c.precision, device);
  conv[1] = make_conv(2 * c.width, lenet_kernel, c.width, 2 * c.width, same5, c.precision, device);
  hidden = make_dense((c.h / 4) * (c.w / 4) * 2 * c.width, 4 * c.width, c.precision, device);
  out = make_dense(4 * c.width, c.classes, c.precision, device);
}

Tensors LeNet::stages(const Tensor& x, Mode mode) const {
  Tensors all{x};
  for (const ConvLayer& l : conv) all.push_back(normed(max_pool2d(conv2d(all.back(), l.w.used(), l.window)), l, mode, {Act::relu}));
  all.erase(all.begin());
  return all;
}

Tensor LeNet::features(const Tensor& x, Mode mode, const Coins& coins) const {
  Tensor h = hidden(flat(stages(x, mode).back()), {Act::relu});
  if (mode == Mode::train) h = dropout(h, config.dropout, {coins.seed, RandomStream::dropout}, coins.step);
  return h;
}

Tensor LeNet::operator()(const Tensor& x, Mode mode, const Coins& coins) const { return out(features(x, mode, coins)); }

void LeNet::each(const Visitor& visit) {
  each_tensor("conv0.", conv[0], visit), each_tensor("conv1.", conv[1], visit);
  each_tensor("hidden.", hidden, visit), each_tensor("out.", out, visit);
}

ResNet::ResNet(const ClassifierConfig& c, Device device) : config(c) {
  auto layer = [&](int to, int kernel, int from, Window window) { return make_conv(to, kernel, from, to, window, c.precision, device); };
  stem = layer(c.width, resnet_kernel, c.channels, same3(1));
  int channels = c.width;
  for (int stage = 0; stage < 3; ++stage)
    for (int i = 0; i < c.blocks; ++i) {
      const int to = c.width << stage, stride = stage > 0 && i == 0 ? 2 : 1;
      ResidualBlock block{layer(to, resnet_kernel, channels, same3(stride)), layer(to, resnet_kernel, to, same3(1)), {}};
      if (to != channels) block.shortcut = layer(to, 1, channels, {.stride = stride, .pad = 0});
      blocks.push_back(block);
      channels = to;
    }
  out = make_dense(channels, c.classes, c.precision, device);
}

Tensors ResNet::stages(const Tensor& x, Mode mode) const {
  Tensors all;
  Tensor h = normed(conv2d(x, stem.w.used(), stem.window), stem, mode, {Act::relu});
  for (size_t i = 0; i < blocks.size(); ++i) {
    h = residual(blocks[i], h, mode);
    if ((i + 1) % static_cast<size_t>(config.blocks) == 0) all.push_back(h);
  }
  return all;
}

Tensor ResNet::features(const Tensor& x, Mode mode, const Coins&) const { return global_avg_pool(stages(x, mode).back()); }

Tensor ResNet::operator()(const Tensor& x, Mode mode, const Coins& coins) const { return out(features(x, mode, coins)); }

void ResNet::each(const Visitor& visit) {
  each_tensor("stem.", stem, visit);
  for (size_t i = 0; i < blocks.size(); ++i) {
    const std::string at = fmt::format("block{}.", i);
    each_tensor(at + "first.", blocks[i].first, visit), each_tensor(at + "second.", blocks[i].second, visit);
    if (blocks[i].shortcut.w.master) each_tensor(at + "shortcut.", blocks[i].shortcut, visit);
  }
  each_tensor("out.", out, visit);
}

Classifier::Classifier(const ClassifierConfig& config, Device device) : config(config) {
  check_config(config);
  if (config.net == ClassifierNet::lenet) net = LeNet(config, device);
  else net = ResNet(config, device);
}

Tensor Classifier::operator()(const Tensor& x, Mode mode, const Coins& coins) const {
  want_images(config, x);
  return accumulated(std::visit([&](const auto& any) { return any(in_precision(config, x), mode, coins); }, net));
}

Tensor Classifier::features(const Tensor& x, Mode mode, const Coins& coins) const {
  want_images(config, x);
  return accumulated(std::visit([&](const auto& any) { return any.features(in_precision(config, x), mode, coins); }, net));
}

Tensor Classifier::logits(const Tensor& features) const {
  return accumulated(std::visit([&](const auto& any) { return any.out(in_precision(config, features)); }, net));
}

Tensors Classifier::stages(const Tensor& x, Mode mode) const {
  want_images(config, x);
  return std::visit([&](const auto& any) { return any.stages(in_precision(config, x), mode); }, net);
}

void Classifier::each(const Visitor& visit) {
  std::visit([&](auto& any) { any.each(visit); }, net);
}

Device Classifier::device() const {
  return std::visit([](const auto& any) { return any.out.w.master.device(); }, net);
}

void init_weights(Classifier& net, int64_t seed) {
  initialise(net, {seed, RandomStream::init_classifier}, [](const std::string& name, const Shape& shape) {
    if (name == "out.w") return Start::normal(0, std::sqrt(1 / fan_in(shape)));
    return name.ends_with(".w") ? start_of(Init::he, shape) : Start::constant(name.ends_with("gamma") ? 1 : 0);
  });
}

LayerTable layers_of(const ClassifierConfig& c) {
  check_config(c);
  LayerTable table;
  int h = c.h, w = c.w, channels = c.channels;
  auto row = [&](const std::string& name, const std::string& what, int64_t count) {
    table.row(name, what, h ? LayerTable::image(h, w, channels) : std::to_string(channels), count);
  };
  auto conv = [](int64_t to, int64_t kernel, int64_t from) { return to * kernel * kernel * from + 2 * to; };  // with BN
  auto dense = [&](const std::string& name, const std::string& what, int64_t to) {
    const int64_t from = int64_t{channels} * (h ? h * w : 1);
    h = 0, channels = static_cast<int>(to);
    row(name, what, to * from + to);
  };
  row("input", "in [−1, 1]", 0);
  if (c.net == ClassifierNet::lenet) {
    for (int i = 0; i < 2; ++i) {
      const int from = std::exchange(channels, c.width << i);
      h /= 2, w /= 2;
      row(fmt::format("conv{}", i), "conv k5, max pool 2, BN, ReLU", conv(channels, lenet_kernel, from));
    }
    dense("hidden", fmt::format("dense, ReLU, dropout {}", c.dropout), 4 * c.width);
  } else {
    channels = c.width;
    row("stem", "conv k3, BN, ReLU", conv(channels, resnet_kernel, c.channels));
    for (int i = 0; i < 3 * c.blocks; ++i) {
      const int from = std::exchange(channels, c.width << (i / c.blocks));
      const bool changes = channels != from;
      if (changes) h = halved(h), w = halved(w);
      row(fmt::format("block{}", i), changes ? "two conv k3, s2; + conv k1 s2" : "two conv k3; + input",
          conv(channels, resnet_kernel, from) + conv(channels, resnet_kernel, channels) + (changes ? conv(channels, 1, from) : 0));
    }
    h = 0;
    row("mean", "over the image", 0);
  }
  dense("out", "dense, logits", c.classes);
  table.total(classifier_names[static_cast<int>(c.net)]);
  return table;
}

}  // namespace duel
