#include "models/dcgan.h"

#include <algorithm>
#include <span>

#include "models/cgan.h"

namespace duel {
namespace {

constexpr int kernel = 4;
constexpr Window halving{.stride = 2, .pad = 1}, whole{.stride = 1, .pad = 0};

// The layers as a chain, where nothing but batch norm and an activation stands between them, and nobody looks.
bool is_chain(std::span<const ConvLayer> layers, const Pass& pass) {
  return pass.mode == Mode::train && !pass.watch && std::all_of(layers.begin(), layers.end(), [](const ConvLayer& l) {
           return (l.norm == Norm::none || l.norm == Norm::batch) && !l.has_bias();
         });
}
ConvLink link_of(const ConvLayer& l, bool transposed, ActivationSpec then) {
  return {l.weight(), l.window, transposed, l.norm == Norm::batch ? l.batch_norm() : BatchNorm{}, then};
}

void each_layer(std::vector<ConvLayer>& layers, const Visitor& visit) {
  for (size_t i = 0; i < layers.size(); ++i) each_tensor(std::to_string(i) + ".", layers[i], visit);
}

}  // namespace

DcganGenerator::DcganGenerator(const GanConfig& c, Device device) {
  const int stages = halvings(c.h, c.w);
  const Norm norm = c.classes && c.label_in_g == LabelInG::norm ? Norm::conditional : Norm::batch;
  auto add = [&](int from, int r, int s, int to, Window window) {
    layers.push_back(make_conv(from, r, s, to, 0, window, c.precision, device));
    add_norm(layers.back(), norm, to, c.classes);
  };
  int channels = c.ngf << (stages - 1);
  add(g_input_channels(c), c.h >> stages, c.w >> stages, channels, whole);
  for (; channels > c.ngf; channels /= 2) add(channels, kernel, kernel, channels / 2, halving);
  layers.push_back(make_conv(channels, kernel, c.channels, 0, halving, c.precision, device));
}

Tensor DcganGenerator::operator()(const Tensor& z, const Pass& pass) const {
  if (is_chain(layers, pass)) {
    std::vector<ConvLink> links;
    for (const ConvLayer& l : layers) links.push_back(link_of(l, true, {&l == &layers.back() ? Act::tanh : Act::relu}));
    return conv_chain(z, links, pass.groups);
  }
  Tensor h = z;
  for (size_t i = 0; i + 1 < layers.size(); ++i)
    h = normed(conv_transpose2d(h, layers[i].weight(), layers[i].window), layers[i], pass, {Act::relu});
  return conv_transposed(h, layers.back(), {Act::tanh});
}

void DcganGenerator::each(const Visitor& visit) { each_layer(layers, visit); }

void DcganGenerator::describe(LayerTable& table) const {
  int64_t h = layers[0].w.master.shape()[1], w = layers[0].w.master.shape()[2];
  for (size_t i = 0; i < layers.size(); ++i) {
    const ConvLayer& l = layers[i];
    if (i) h *= 2, w *= 2;
    const std::string what = i ? "convT k4 s2" : fmt::format("convT {}×{} s1", h, w);
    table.row(fmt::format("G {}", i), with_norm(what, l.norm, i + 1 < layers.size() ? "ReLU" : "tanh"),
              LayerTable::image(h, w, l.w.master.shape()[3]), parameters_of(l));
  }
}

DcganDiscriminator::DcganDiscriminator(const GanConfig& c, Device device) : dropout(c.dropout) {
  const int stages = halvings(c.h, c.w);
  // In a D without norms that shift, biases do: without any, D(0) is 0 whatever it learns, and grey images are a place to hide.
  const bool on_weight = c.d_norm == Norm::spectral, biased = on_weight || c.d_norm == Norm::none;
  int channels = d_input_channels(c);
  for (int stage = 0; stage < stages; ++stage) {
    const int to = c.ndf << stage;
    layers.push_back(make_conv(to, kernel, channels, 0, halving, c.precision, device));
    if (biased) layers.back().bias = make_weight({to}, c.precision, device);
    if (stage || on_weight) add_norm(layers.back(), c.d_norm, to);
    channels = to;
  }
  constexpr int few = 32;  // more classes than that are a batch's, and their planes large
  if (c.classes && c.classes <= few && c.label_in_d == LabelInD::one_hot)
    planes = planes_of_classes(c.classes, c.h, c.w, c.precision, device);
  layers.push_back(make_conv(1, c.h >> stages, c.w >> stages, channels + c.minibatch_stddev, 0, whole, c.precision, device));
  if (biased) layers.back().bias = make_weight({1}, c.precision, device);
  if (on_weight) add_norm(layers.back(), c.d_norm, 1);
}

// The first `count` layers as a chain, where they are one.
std::optional<Tensor> DcganDiscriminator::chained(const Tensor& x, const Pass& pass, size_t count) const {
  const std::span<const ConvLayer> first(layers.data(), count);
  if (!is_chain(first, pass) || planes || dropout > 0) return {};
  std::vector<ConvLink> links;
  for (const ConvLayer& l : first)
    links.push_back(link_of(l, false, &l == &layers.back() ? ActivationSpec{} : ActivationSpec{Act::leaky_relu, 0.2}));
  return conv_chain(x, links, pass.groups);
}

Tensor DcganDiscriminator::operator()(const Tensor& x, const Pass& pass) const {
  const std::optional<Tensor> logits = chained(x, pass, layers.size());
  return logits ? *logits : head(features(x, pass));
}

Tensor DcganDiscriminator::features(const Tensor& x, const Pass& pass) const {
  const std::span<const ConvLayer> hidden(layers.data(), layers.size() - 1);
  if (const std::optional<Tensor> last = chained(x, pass, hidden.size())) return *last;
  constexpr ActivationSpec leaky{Act::leaky_relu, 0.2};
  Tensor h = x;
  for (size_t i = 0; i < hidden.size(); ++i) {
    const ConvLayer& l = hidden[i];
    h = i == 0 && planes ? biased_normed(conv2d_with_one_hot(h, pass.labels, planes, l.weight(), l.window), l, pass, leaky)
                         : convolved_normed(h, l, pass, leaky);
    h = dropped(h, dropout, pass, static_cast<int>(i));
  }
  return h;
}

Tensor DcganDiscriminator::head(const Tensor& features) const { return convolved(features, layers.back()); }

void DcganDiscriminator::each(const Visitor& visit) { each_layer(layers, visit); }

void DcganDiscriminator::describe(LayerTable& table, int h, int w) const {
  for (size_t i = 0; i < layers.size(); ++i) {
    const ConvLayer& l = layers[i];
    const bool last = i + 1 == layers.size();
    const std::string what = last ? fmt::format("conv {}×{} s1", h, w) : "conv k4 s2";
    h = last ? 1 : h / 2, w = last ? 1 : w / 2;
    table.row(fmt::format("D {}", i), with_norm(what, l.norm, last ? "logit" : "LReLU .2"), LayerTable::image(h, w, l.w.master.shape()[0]),
              parameters_of(l));
  }
}

}  // namespace duel
