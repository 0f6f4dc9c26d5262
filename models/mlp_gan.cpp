#include "models/mlp_gan.h"

namespace duel {
namespace {

std::vector<int> hidden_of_g(const GanConfig& c) {
  if (c.net == GanNet::mlp) return {4 * c.ngf, 8 * c.ngf, 16 * c.ngf};
  if (c.net == GanNet::points) return std::vector<int>(static_cast<size_t>(c.depth), c.ngf);
  return {2 * c.ngf};
}
std::vector<int> hidden_of_d(const GanConfig& c) {
  if (c.net == GanNet::mlp) return {16 * c.ndf, 8 * c.ndf, 4 * c.ndf};
  if (c.net == GanNet::points) return std::vector<int>(static_cast<size_t>(c.depth), c.ndf);
  return {2 * c.ndf};
}
double slope_of_d(GanNet net) { return net == GanNet::small_mlp ? 0.01 : 0.2; }

Tensor row_of(const Tensor& x) { return reshape(x, {x.shape()[0], x.count() / x.shape()[0]}); }
Tensor image_of(const Tensor& x) { return reshape(x, {x.shape()[0], 1, 1, x.shape()[1]}); }

void each_layer(std::vector<DenseLayer>& layers, const Visitor& visit) {
  for (size_t i = 0; i < layers.size(); ++i) each_tensor(std::to_string(i) + ".", layers[i], visit);
}

void describe_layers(LayerTable& table, const char* net, const std::vector<DenseLayer>& layers, const std::string& between,
                     const std::string& last) {
  for (size_t i = 0; i < layers.size(); ++i)
    table.row(fmt::format("{} {}", net, i), with_norm("dense", layers[i].norm, i + 1 < layers.size() ? between : last),
              std::to_string(layers[i].w.master.shape()[0]), parameters_of(layers[i]));
}

}  // namespace

ActivationSpec hidden_activation_of_g(GanNet net) {
  return net == GanNet::small_mlp ? ActivationSpec{Act::leaky_relu, 0.01} : ActivationSpec{Act::relu, 0};
}

MlpGenerator::MlpGenerator(const GanConfig& c, Device device) : config(c) {
  const Norm norm = c.classes && c.label_in_g == LabelInG::norm ? Norm::conditional : c.net == GanNet::mlp ? Norm::batch : Norm::none;
  int from = g_input_channels(c);
  for (int to : hidden_of_g(c)) {
    layers.push_back(make_dense(from, to, c.precision, device));
    add_norm(layers.back(), norm, to, c.classes);
    from = to;
  }
  layers.push_back(make_dense(from, c.h * c.w * c.channels, c.precision, device));
}

Tensor MlpGenerator::operator()(const Tensor& z, const Pass& pass) const {
  Tensor h = row_of(z);
  for (size_t i = 0; i + 1 < layers.size(); ++i)
    h = biased_normed(layers[i].product(h), layers[i], pass, hidden_activation_of_g(config.net));
  h = layers.back()(h, {config.net == GanNet::points ? Act::none : Act::tanh});
  return reshape(h, {z.shape()[0], config.h, config.w, config.channels});
}

void MlpGenerator::each(const Visitor& visit) { each_layer(layers, visit); }

void MlpGenerator::describe(LayerTable& table) const {
  describe_layers(table, "G", layers, config.net == GanNet::small_mlp ? "LReLU .01" : "ReLU", config.net == GanNet::points ? "" : "tanh");
}

MlpDiscriminator::MlpDiscriminator(const GanConfig& c, Device device) : config(c) {
  int from = c.h * c.w * d_input_channels(c);
  for (int to : hidden_of_d(c)) {
    layers.push_back(make_dense(from, to, c.precision, device));
    if (c.d_norm != Norm::batch) add_norm(layers.back(), c.d_norm, to);
    from = to;
  }
  layers.push_back(make_dense(from + c.minibatch_stddev, 1, c.precision, device));
  if (c.d_norm == Norm::spectral) add_norm(layers.back(), c.d_norm, 1);
}

Tensor MlpDiscriminator::features(const Tensor& x, const Pass& pass) const {
  Tensor h = row_of(x);
  for (size_t i = 0; i + 1 < layers.size(); ++i) {
    h = biased_normed(layers[i].product(h), layers[i], pass, {Act::leaky_relu, slope_of_d(config.net)});
    h = dropped(h, config.dropout, pass, static_cast<int>(i));
  }
  return image_of(h);
}

Tensor MlpDiscriminator::head(const Tensor& features) const { return image_of(layers.back()(row_of(features))); }

void MlpDiscriminator::each(const Visitor& visit) { each_layer(layers, visit); }

void MlpDiscriminator::describe(LayerTable& table) const {
  const std::string slope = config.net == GanNet::small_mlp ? "LReLU .01" : "LReLU .2";
  describe_layers(table, "D", layers, config.dropout > 0 ? fmt::format("{}, dropout {}", slope, config.dropout) : slope, "logit");
}

}  // namespace duel
