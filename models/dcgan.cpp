#include "models/dcgan.h"

#include <fmt/format.h>

#include "engine/grad.h"
#include "engine/rng.h"

namespace duel {
namespace {

constexpr int kernel = 4;

int stages(int size) {  // doublings from 4×4
  int n = 0;
  for (int s = 4; s < size; s *= 2) ++n;
  return n;
}

ConvLayer layer(int k, int c, int normed, Window window, DType precision, Device device) {
  return make_conv(k, kernel, c, normed, window, precision, device);
}

void each_layer(std::vector<ConvLayer>& layers, const Visitor& visit) {
  for (size_t i = 0; i < layers.size(); ++i) each_tensor(std::to_string(i) + ".", layers[i], visit);
}

template <class Model>
void init(Model& model, int64_t seed, RandomStream stream, Device device) {
  NoGrad constant;
  const Rng rng{seed, stream};
  int index = 0;
  model.each(
      {[&](const std::string& name, Weight& w) {
         const Tensor step = step_counter(index++, device);
         const DType dtype = w.master.dtype();
         if (name.ends_with("gamma")) w.master.assign(rng.normal(w.master.shape(), step, 1, 0.02, dtype));
         else if (name.ends_with("beta")) w.master.assign(Tensor::zeros(w.master.shape(), dtype, device));
         else w.master.assign(rng.normal(w.master.shape(), step, 0, 0.02, dtype));
       },
       [&](const std::string& name, Tensor& t) { t.assign(Tensor::full(t.shape(), name.ends_with("var") ? 1 : 0, t.dtype(), device)); }});
  refresh_copies(model);
}

}  // namespace

void check_config(const DcganConfig& c) {
  if (c.size != 16 && c.size != 32 && c.size != 64 && c.size != 128)
    fail(Failure::usage, fmt::format("--size {}: a DCGAN makes square images of 16, 32, 64 or 128 pixels", c.size));
  if (c.channels < 1 || c.channels > 4) fail(Failure::usage, fmt::format("--channels {}: 1 to 4", c.channels));
  if (c.nz < 1 || c.ngf < 1 || c.ndf < 1 || c.nz > 65536 || c.ngf > 65536 || c.ndf > 65536)
    fail(Failure::usage, fmt::format("--nz {}, --ngf {}, --ndf {}: each must be 1 to 65536", c.nz, c.ngf, c.ndf));
}

DcganGenerator::DcganGenerator(const DcganConfig& config, Device device) : config(config) {
  check_config(config);
  int channels = config.ngf * config.size / 8;
  layers.push_back(layer(config.nz, channels, channels, {.stride = 1, .pad = 0}, config.precision, device));
  for (int stage = 1; stage < stages(config.size); ++stage, channels /= 2)
    layers.push_back(layer(channels, channels / 2, channels / 2, {.stride = 2, .pad = 1}, config.precision, device));
  layers.push_back(layer(channels, config.channels, 0, {.stride = 2, .pad = 1}, config.precision, device));
}

Tensor DcganGenerator::operator()(const Tensor& z, Mode mode) const {
  Tensor h = z;
  for (size_t i = 0; i + 1 < layers.size(); ++i)
    h = normed(conv_transpose2d(h, layers[i].w.used(), layers[i].window), layers[i], mode, {Act::relu});
  return tanh(conv_transpose2d(h, layers.back().w.used(), layers.back().window));
}

void DcganGenerator::each(const Visitor& visit) { each_layer(layers, visit); }

DcganDiscriminator::DcganDiscriminator(const DcganConfig& config, Device device) : config(config) {
  check_config(config);
  int channels = config.ndf;
  layers.push_back(layer(channels, config.channels, 0, {.stride = 2, .pad = 1}, config.precision, device));
  for (int stage = 1; stage < stages(config.size); ++stage, channels *= 2)
    layers.push_back(layer(channels * 2, channels, channels * 2, {.stride = 2, .pad = 1}, config.precision, device));
  layers.push_back(layer(1, channels, 0, {.stride = 1, .pad = 0}, config.precision, device));
}

Tensor DcganDiscriminator::operator()(const Tensor& x, Mode mode) const {
  Tensor h = leaky_relu(conv2d(x, layers[0].w.used(), layers[0].window), 0.2);
  for (size_t i = 1; i + 1 < layers.size(); ++i)
    h = normed(conv2d(h, layers[i].w.used(), layers[i].window), layers[i], mode, {Act::leaky_relu, 0.2});
  const Tensor logits = conv2d(h, layers.back().w.used(), layers.back().window);
  return cast(logits, accumulator_of(logits.dtype()));
}

void DcganDiscriminator::each(const Visitor& visit) { each_layer(layers, visit); }

void init_weights(DcganGenerator& g, int64_t seed) { init(g, seed, RandomStream::init_g, g.layers[0].w.master.device()); }
void init_weights(DcganDiscriminator& d, int64_t seed) { init(d, seed, RandomStream::init_d, d.layers[0].w.master.device()); }

std::string describe(const DcganConfig& c) {
  check_config(c);
  std::string table = fmt::format("{:<14} {:<22} {:>22} {:>12}\n", "layer", "", "output", "parameters");
  auto row = [&](const std::string& name, const std::string& what, int size, int channels, int64_t count) {
    table += fmt::format("{:<14} {:<22} {:>22} {:>12}\n", name, what, fmt::format("{}×{}×{}", size, size, channels), count);
  };
  int64_t total = 0;
  auto conv = [&](int in, int out, bool norm) {
    const int64_t count = int64_t{in} * out * kernel * kernel + (norm ? 2 * out : 0);
    total += count;
    return count;
  };
  int channels = c.ngf * c.size / 8, size = 4;
  row("G 0", "convT k4 s1, BN, ReLU", size, channels, conv(c.nz, channels, true));
  int index = 1;
  for (; size * 2 < c.size; ++index) {
    size *= 2, channels /= 2;
    row(fmt::format("G {}", index), "convT k4 s2, BN, ReLU", size, channels, conv(channels * 2, channels, true));
  }
  row(fmt::format("G {}", index), "convT k4 s2, tanh", c.size, c.channels, conv(channels, c.channels, false));
  table += fmt::format("{:<14} {:<22} {:>22} {:>12}\n", "G", "", "", total);
  total = 0, size = c.size / 2, channels = c.ndf;
  row("D 0", "conv k4 s2, LReLU .2", size, channels, conv(c.channels, channels, false));
  for (index = 1; size > 4; ++index) {
    size /= 2, channels *= 2;
    row(fmt::format("D {}", index), "conv k4 s2, BN, LReLU", size, channels, conv(channels / 2, channels, true));
  }
  row(fmt::format("D {}", index), "conv k4 s1, logit", 1, 1, conv(channels, 1, false));
  table += fmt::format("{:<14} {:<22} {:>22} {:>12}\n", "D", "", "", total);
  return table;
}

}  // namespace duel
