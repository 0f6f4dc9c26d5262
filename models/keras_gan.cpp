#include "models/keras_gan.h"

namespace duel {
namespace {

constexpr int kernel = 5;

}  // namespace

KerasGenerator::KerasGenerator(const GanConfig& c, Device device) : config(c) {
  const Norm norm = c.classes && c.label_in_g == LabelInG::norm ? Norm::conditional : Norm::batch;
  auto with_bn = [&](auto& layer, int channels) {
    add_norm(layer, norm, channels, c.classes);
    layer.momentum = 0.2, layer.eps = 1e-3;
  };
  int from = g_input_channels(c);
  for (int to : {4 * c.ngf, 4 * c.ngf, c.h / 4 * (c.w / 4) * 2 * c.ngf}) {
    dense.push_back(make_dense(from, to, c.precision, device));
    with_bn(dense.back(), to);
    from = to;
  }
  from = 2 * c.ngf;
  for (const auto& [to, stride] : {std::pair{2 * c.ngf, 1}, {c.ngf, 2}, {c.channels, 2}}) {
    convs.push_back(make_conv(from, kernel, to, 0, {.stride = stride}, c.precision, device));
    if (convs.size() < 3) with_bn(convs.back(), to);
    from = to;
  }
}

Tensor KerasGenerator::operator()(const Tensor& z, const Pass& pass) const {
  const int64_t n = z.shape()[0];
  Tensor h = reshape(z, {n, z.count() / n});
  for (const DenseLayer& l : dense) h = biased_normed(l.product(h), l, pass, keras_leaky);
  h = reshape(h, {n, config.h / 4, config.w / 4, 2 * config.ngf});
  for (const ConvLayer& l : convs) {
    h = conv_transposed(h, l, l.has_norm() ? ActivationSpec{} : ActivationSpec{Act::tanh}, Padding::same);
    if (l.has_norm()) h = normed(h, l, pass, keras_leaky);
  }
  return h;
}

void KerasGenerator::each(const Visitor& visit) {
  for (size_t i = 0; i < dense.size(); ++i) each_tensor(fmt::format("dense{}.", i), dense[i], visit);
  for (size_t i = 0; i < convs.size(); ++i) each_tensor(fmt::format("conv{}.", i), convs[i], visit);
}

void KerasGenerator::describe(LayerTable& table) const {
  for (size_t i = 0; i < dense.size(); ++i)
    table.row(fmt::format("G dense {}", i), with_norm("dense", dense[i].norm, "LReLU .3"),
              i < 2 ? std::to_string(dense[i].w.master.shape()[0]) : LayerTable::image(config.h / 4, config.w / 4, 2 * config.ngf),
              parameters_of(dense[i]));
  int h = config.h / 4, w = config.w / 4;
  for (size_t i = 0; i < convs.size(); ++i) {
    const int stride = convs[i].window.stride;
    h *= stride, w *= stride;
    table.row(fmt::format("G conv {}", i),
              with_norm(fmt::format("convT k5 s{} same", stride), convs[i].norm, convs[i].has_norm() ? "LReLU .3" : "tanh"),
              LayerTable::image(h, w, convs[i].w.master.shape()[3]), parameters_of(convs[i]));
  }
}

KerasDiscriminator::KerasDiscriminator(const GanConfig& c, Device device) : config(c) {
  int from = d_input_channels(c);
  for (int to : {c.ndf, 2 * c.ndf}) {
    convs.push_back(make_biased_conv(to, kernel, from, to, {.stride = 2}, c.precision, device));
    if (c.d_norm != Norm::batch) add_norm(convs.back(), c.d_norm, to);
    from = to;
  }
  out = make_dense(c.h / 4 * (c.w / 4) * (from + c.minibatch_stddev), 1, c.precision, device);
  if (c.d_norm == Norm::spectral) add_norm(out, c.d_norm, 1);
}

Tensor KerasDiscriminator::features(const Tensor& x, const Pass& pass) const {
  Tensor h = x;
  for (size_t i = 0; i < convs.size(); ++i) {
    h = convolved_normed(h, convs[i], pass, keras_leaky, Padding::same);
    h = dropped(h, config.dropout, pass, static_cast<int>(i));
  }
  return h;
}

Tensor KerasDiscriminator::head(const Tensor& features) const {
  const int64_t n = features.shape()[0];
  return reshape(out(reshape(features, {n, features.count() / n})), {n, 1, 1, 1});
}

void KerasDiscriminator::each(const Visitor& visit) {
  for (size_t i = 0; i < convs.size(); ++i) each_tensor(fmt::format("conv{}.", i), convs[i], visit);
  each_tensor("out.", out, visit);
}

void KerasDiscriminator::describe(LayerTable& table) const {
  const std::string drop = config.dropout > 0 ? fmt::format(", dropout {}", config.dropout) : "";
  for (size_t i = 0; i < convs.size(); ++i)
    table.row(fmt::format("D conv {}", i), with_norm("conv k5 s2 same", convs[i].norm, "LReLU .3" + drop),
              LayerTable::image(config.h >> (i + 1), config.w >> (i + 1), convs[i].w.master.shape()[0]), parameters_of(convs[i]));
  table.row("D out", with_norm("dense", out.norm, "logit"), "1", parameters_of(out));
}

}  // namespace duel
