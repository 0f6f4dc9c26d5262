#include <fmt/format.h>

#include "apps/support/onnx/layers.h"
#include "apps/support/onnx/nets.h"

namespace duel::onnx {
namespace {

std::string name_of_conv(size_t i) { return fmt::format("conv{}.", i); }

// [n,c,h,w] → [n, c + classes, h, w]: every pixel has the one-hot label beside it.
Value with_label_planes(Graph& graph, const Value& x, const VaeConfig& c) {
  const Value pixel = graph.reshape(one_hot_label(graph, c.classes), {c.classes, 1, 1});
  return concat(graph, x, graph.node("Expand", {pixel, graph.integers({1, c.classes, c.h, c.w})}));
}

}  // namespace

Graph graph_of(const VaeEncoder& encoder) {
  const VaeConfig& c = encoder.config;
  Graph graph("encoder");
  Value x = graph.input("x", Element::f32, {c.channels, c.h, c.w}, "pixels in [0, 1]");
  if (c.classes) graph.input(label_name, Element::i64, {}, "class, from 0"), x = with_label_planes(graph, x, c);
  int64_t h = c.h, w = c.w;
  for (size_t i = 0; i < encoder.convs.size(); ++i) {
    const ConvLayer& l = encoder.convs[i];
    const bool keras = c.net == VaeNet::keras;
    x = convolution(graph, x, name_of_conv(i), l, keras ? same_padding(h, w, l) : padding_of(l.window));
    x = norm_behind(graph, x, name_of_conv(i), l, 4, keras ? ActivationSpec{Act::relu, 0} : vae_leaky);
    h /= l.window.stride, w /= l.window.stride;
  }
  x = row_of_image(graph, x, h, w, encoder.convs.back().w.master.shape()[0]);
  if (c.net == VaeNet::keras) x = activated(graph, dense(graph, x, "hidden.", encoder.hidden), {Act::relu});
  graph.output("mean", dense(graph, x, "mean.", encoder.mean), {c.latent}, "of q(z|x)");
  if (c.variational)
    graph.output("log_variance", dense(graph, x, "log_variance.", encoder.log_variance), {c.latent}, "of q(z|x), natural logarithm");
  return graph;
}

Graph graph_of(const VaeDecoder& decoder, Likelihood likelihood) {
  const VaeConfig& c = decoder.config;
  Graph graph("decoder");
  Value x = graph.input("z", Element::f32, {c.latent}, "from N(0, 1), or an encoder's mean");
  if (c.classes) graph.input(label_name, Element::i64, {}, "class, from 0"), x = concat(graph, x, one_hot_label(graph, c.classes));
  int64_t h = c.h, w = c.w;
  for (const ConvLayer& l : decoder.convs) h /= l.window.stride, w /= l.window.stride;
  x = activated(graph, dense(graph, x, "dense.", decoder.dense), {Act::relu});
  x = image_of_row(graph, x, h, w, decoder.convs.front().w.master.shape()[0]);
  for (size_t i = 0; i < decoder.convs.size(); ++i) {
    const ConvLayer& l = decoder.convs[i];
    h *= l.window.stride, w *= l.window.stride;
    x = transposed_convolution(graph, x, name_of_conv(i), l, c.net == VaeNet::keras ? same_padding(h, w, l) : padding_of(l.window));
    if (i + 1 < decoder.convs.size()) x = norm_behind(graph, x, name_of_conv(i), l, 4, {Act::relu});
  }
  const Value image = mean_image(graph, x, likelihood);
  graph.output("out", x, {c.channels, c.h, c.w}, likelihood == Likelihood::gaussian ? "means of pixels" : "logits of pixels");
  graph.output("image", image, {c.channels, c.h, c.w}, "means of pixels, in [0, 1]");
  return graph;
}

}  // namespace duel::onnx
