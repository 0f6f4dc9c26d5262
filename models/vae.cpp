#include "models/vae.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/cgan.h"
#include "models/gan_config.h"
#include "models/initialise.h"

namespace duel {
namespace {

constexpr int keras_kernel = 3, conv_kernel = 4, keras_halvings = 2, least_side = 4;
constexpr Window halving{.stride = 2, .pad = 1};

int stages_of(const VaeConfig& c) { return c.net == VaeNet::keras ? keras_halvings : halvings(c.h, c.w); }

// The image between encoder and decoder.
Shape inner(const VaeConfig& c, int64_t n) {
  const int stages = stages_of(c);
  return {n, c.h >> stages, c.w >> stages, c.width << (stages - 1)};
}
int inner_size(const VaeConfig& c) { return static_cast<int>(inner(c, 1).count()); }

constexpr const char *encoder_input = "input", *decoder_input = "dense";  // lines of the layer table

[[noreturn]] void refuse(const VaeConfig& c, const char* line, const char* what, const Tensor& got, const Shape& want) {
  fail(Failure::usage, fmt::format("[vae] {} is {}, which does not fit the line marked → of\n{}\nthat wants {}; resize or reshape it, or "
                                   "build the net for its size",
                                   what, got ? got.text() : "undefined", describe(c, line), want.text()));
}

void check_labels(const VaeConfig& c, const char* line, const Tensor& labels, int64_t n) {
  const bool hard = labels && labels.dtype() == DType::i32 && labels.shape() == Shape{n},
             soft = labels && is_floating(labels.dtype()) && labels.shape() == Shape{n, c.classes};
  if (c.classes && !hard && !soft) refuse(c, line, "the labels", labels, {n});
  if (!c.classes && labels) fail(Failure::usage, "[vae] labels for a net that is not conditional; leave them out, or set classes");
}

Tensor wide(const Tensor& x) { return cast(x, accumulator_of(x.dtype())); }

}  // namespace

void check_config(const VaeConfig& c) {
  auto want = [](bool right, const std::string& message) {
    if (!right) fail(Failure::usage, message);
  };
  const std::string size = fmt::format("images of {}×{} pixels", c.h, c.w);
  want(c.h >= least_side && c.w >= least_side && c.h <= 4096 && c.w <= 4096, size + ": a VAE takes 4 to 4096 each way");
  if (c.net == VaeNet::keras)
    want(c.h % 4 == 0 && c.w % 4 == 0, size + ": --net vae and ae halve them twice; take a --size that 4 divides");
  else want(stages_of(c) >= 1, size + ": --net conv halves them at least once, to 3 or more; take an even --size above 4");
  want(c.channels >= 1 && c.channels <= 4, fmt::format("--channels {}: 1 to 4", c.channels));
  want(c.latent >= 1 && c.latent <= 65536, fmt::format("--latent {}: 1 to 65536", c.latent));
  want(c.width >= 1 && c.width <= 1024, fmt::format("--width {}: 1 to 1024", c.width));
  want(c.hidden >= 1 && c.hidden <= 65536, fmt::format("--hidden {}: 1 to 65536", c.hidden));
  want(c.classes == 0 || (c.classes >= 2 && c.classes <= 65536), fmt::format("{} classes: a conditional net takes 2 to 65536", c.classes));
}

VaeEncoder::VaeEncoder(const VaeConfig& c, Device device) : config(c) {
  check_config(c);
  int from = c.channels + c.classes;
  for (int stage = 0; stage < stages_of(c); ++stage) {
    const int to = c.width << stage;
    if (c.net == VaeNet::keras) convs.push_back(make_biased_conv(to, keras_kernel, from, to, halving, c.precision, device));
    else convs.push_back(make_conv(to, conv_kernel, from, stage ? to : 0, halving, c.precision, device));
    from = to;
  }
  int features = inner_size(c);
  if (c.net == VaeNet::keras) hidden = make_dense(features, c.hidden, c.precision, device), features = c.hidden;
  mean = make_dense(features, c.latent, c.precision, device);
  if (c.variational) log_variance = make_dense(features, c.latent, c.precision, device);
}

Posterior VaeEncoder::operator()(const Tensor& x, const Tensor& labels, Mode mode) const {
  const VaeConfig& c = config;
  const int64_t n = x && x.shape().rank() ? x.shape()[0] : 0;
  if (n < 1 || x.shape() != Shape{n, c.h, c.w, c.channels})
    refuse(c, encoder_input, "x", x, {std::max<int64_t>(n, 1), c.h, c.w, c.channels});
  check_labels(c, encoder_input, labels, n);
  Tensor h = cast(x, c.precision);
  if (c.classes) h = with_one_hot(h, labels, c.classes);
  for (const ConvLayer& l : convs) {
    if (c.net == VaeNet::keras) h = convolved(h, l, {Act::relu}, Padding::same);
    else h = l.has_norm() ? normed(convolved(h, l), l, mode, vae_leaky) : convolved(h, l, vae_leaky);
  }
  h = reshape(h, {n, inner_size(c)});
  if (c.net == VaeNet::keras) h = hidden(h, {Act::relu});
  return {wide(mean(h)), c.variational ? wide(log_variance(h)) : Tensor()};
}

void VaeEncoder::each(const Visitor& visit) {
  for (size_t i = 0; i < convs.size(); ++i) each_tensor(fmt::format("conv{}.", i), convs[i], visit);
  if (config.net == VaeNet::keras) each_tensor("hidden.", hidden, visit);
  each_tensor("mean.", mean, visit);
  if (config.variational) each_tensor("log_variance.", log_variance, visit);
}

VaeDecoder::VaeDecoder(const VaeConfig& c, Device device) : config(c) {
  check_config(c);
  dense = make_dense(c.latent + c.classes, inner_size(c), c.precision, device);
  // Weights are those of the convolutions that these layers are adjoints of: [from, r, s, to].
  int from = static_cast<int>(inner(c, 1)[3]);
  auto keras = [&](int to, int stride) {
    convs.push_back(make_biased_conv(from, keras_kernel, to, to, {.stride = stride}, c.precision, device));
    from = to;
  };
  if (c.net == VaeNet::keras) {
    keras(2 * c.width, 2), keras(c.width, 2), keras(c.channels, 1);
    return;
  }
  for (; from > c.width; from /= 2) convs.push_back(make_conv(from, conv_kernel, from / 2, from / 2, halving, c.precision, device));
  convs.push_back(make_biased_conv(from, conv_kernel, c.channels, c.channels, halving, c.precision, device));
}

Tensor VaeDecoder::operator()(const Tensor& z, const Tensor& labels, Mode mode) const {
  const VaeConfig& c = config;
  const int64_t n = z && z.shape().rank() ? z.shape()[0] : 0;
  if (n < 1 || z.shape() != Shape{n, c.latent}) refuse(c, decoder_input, "z", z, {std::max<int64_t>(n, 1), c.latent});
  check_labels(c, decoder_input, labels, n);
  Tensor h = cast(z, c.precision);
  if (c.classes) h = concat_channels(h, labels.dtype() == DType::i32 ? one_hot(labels, c.classes, c.precision) : cast(labels, c.precision));
  h = reshape(dense(h, {Act::relu}), inner(c, n));
  for (size_t i = 0; i < convs.size(); ++i) {
    const ConvLayer& l = convs[i];
    const ActivationSpec then = i + 1 < convs.size() ? ActivationSpec{Act::relu} : ActivationSpec{};
    h = conv_transposed(h, l, l.has_norm() ? ActivationSpec{} : then, c.net == VaeNet::keras ? Padding::same : Padding::window);
    if (l.has_norm()) h = normed(h, l, mode, then);
  }
  return wide(h);
}

void VaeDecoder::each(const Visitor& visit) {
  each_tensor("dense.", dense, visit);
  for (size_t i = 0; i < convs.size(); ++i) each_tensor(fmt::format("conv{}.", i), convs[i], visit);
}

void Vae::each(const Visitor& visit) {
  for (const auto& [prefix, part] : {std::pair<std::string, int>{"encoder.", 0}, {"decoder.", 1}}) {
    Visitor inside;
    if (visit.weight) inside.weight = [&, at = prefix](const std::string& name, Weight& w) { visit.weight(at + name, w); };
    if (visit.buffer) inside.buffer = [&, at = prefix](const std::string& name, Tensor& t) { visit.buffer(at + name, t); };
    if (part == 0) encoder.each(inside);
    else decoder.each(inside);
  }
}

void init_weights(Vae& net, int64_t seed, std::optional<Init> chosen) {
  const Init scheme = chosen.value_or(net.config.net == VaeNet::keras ? Init::glorot : Init::normal);
  initialise(net, {seed, RandomStream::init_vae}, [&](const std::string& name, const Shape& shape) {
    const bool transposed = name.starts_with("decoder.") && shape.rank() == 4;  // all of its convolutions are
    if (name.ends_with(".w")) return start_of(scheme, shape, transposed ? LeavesBy::last_axis : LeavesBy::first_axis);
    return name.ends_with("gamma") ? Start::normal(1, 0.02) : Start::constant(0);
  });
}

LayerTable layers_of(const VaeConfig& c) {
  check_config(c);
  LayerTable table;
  const auto row = [&](const std::string& name, const std::string& what, const std::string& output, int64_t count) {
    table.row(name, what, output, count);
  };
  const auto image = &LayerTable::image;
  auto dense = [](int64_t in, int64_t out) { return in * out + out; };
  const bool keras = c.net == VaeNet::keras;
  const int64_t kernel = keras ? keras_kernel * keras_kernel : conv_kernel * conv_kernel;
  const int stages = stages_of(c);
  const std::string and_label = c.classes ? fmt::format(", {} label planes", c.classes) : "";

  row(encoder_input, "in [0, 1]" + and_label, image(c.h, c.w, c.channels + c.classes), 0);
  int64_t from = c.channels + c.classes;
  for (int i = 0; i < stages; ++i) {
    const int64_t to = int64_t{c.width} << i, extra = keras ? to : i ? 2 * to : 0;
    row(fmt::format("encoder {}", i),
        keras ? "conv k3 s2, ReLU"
        : i   ? "conv k4 s2, BN, LReLU"
              : "conv k4 s2, LReLU .2",
        image(c.h >> (i + 1), c.w >> (i + 1), to), from * to * kernel + extra);
    from = to;
  }
  int64_t features = inner_size(c);
  if (keras) row("hidden", "dense, ReLU", std::to_string(c.hidden), dense(features, c.hidden)), features = c.hidden;
  row("mean", "dense", std::to_string(c.latent), dense(features, c.latent));
  if (c.variational) row("log variance", "dense", std::to_string(c.latent), dense(features, c.latent));
  table.total("encoder");
  row(decoder_input, c.classes ? fmt::format("of z and {} labels, ReLU", c.classes) : "of z, ReLU",
      image(c.h >> stages, c.w >> stages, from), dense(c.latent + c.classes, inner_size(c)));
  auto up = [&](int index, int halved, int64_t to, const char* what, int64_t extra) {
    row(fmt::format("decoder {}", index), what, image(c.h >> halved, c.w >> halved, to), from * to * kernel + extra);
    from = to;
  };
  if (keras) {
    up(0, 1, 2 * c.width, "convT k3 s2, ReLU", 2 * c.width), up(1, 0, c.width, "convT k3 s2, ReLU", c.width);
    up(2, 0, c.channels, "convT k3 s1", c.channels);
  } else {
    int index = 0;
    for (int halved = stages - 1; halved > 0; --halved, ++index) up(index, halved, from / 2, "convT k4 s2, BN, ReLU", from);
    up(index, 0, c.channels, "convT k4 s2", c.channels);
  }
  table.total("decoder");
  return table;
}

}  // namespace duel
