#include "apps/support/onnx/layers.h"

#include <algorithm>

namespace duel::onnx {
namespace {

std::vector<float> floats(const Tensor& t) {
  const std::vector<double> values = t.values();
  return {values.begin(), values.end()};
}

Value as_it_is(Graph& graph, const std::string& name, const Tensor& t) { return graph.weights(name, t.shape().dims(), floats(t)); }

Value channels_first(Graph& graph, const std::string& name, const Tensor& t) {
  const Shape& shape = t.shape();
  const int64_t k = shape[0], taps = shape[1] * shape[2], c = shape[3];
  const std::vector<float> from = floats(t);
  std::vector<float> to;
  to.reserve(from.size());
  for (int64_t i = 0; i < k; ++i)
    for (int64_t j = 0; j < c; ++j)
      for (int64_t tap = 0; tap < taps; ++tap) to.push_back(from[static_cast<size_t>((i * taps + tap) * c + j)]);
  return graph.weights(name, {k, c, shape[1], shape[2]}, to);
}

Value with_weights(Graph& graph, const char* op, const Value& x, const std::string& at, const ConvLayer& l, const Padding& p) {
  std::vector<Value> inputs{x, channels_first(graph, at + "w", l.w.master)};
  if (l.has_bias()) inputs.push_back(as_it_is(graph, at + "bias", l.bias.master));
  const Shape& shape = l.w.master.shape();
  return graph.node(op, inputs,
                    {{"kernel_shape", Dims{shape[1], shape[2]}},
                     {"strides", Dims{l.window.stride, l.window.stride}},
                     {"pads", Dims{p.top, p.left, p.bottom, p.right}}});
}

}  // namespace

Padding padding_of(Window window) { return {window.pad, window.pad, window.pad, window.pad}; }

Padding same_padding(int64_t h, int64_t w, const ConvLayer& l) {
  const int64_t stride = l.window.stride;
  auto total = [&](int64_t side, int64_t kernel) {
    return std::max<int64_t>(((side + stride - 1) / stride - 1) * stride + kernel - side, 0);
  };
  const int64_t down = total(h, l.w.master.shape()[1]), across = total(w, l.w.master.shape()[2]);
  return {down / 2, across / 2, down - down / 2, across - across / 2};
}

Value dense(Graph& graph, const Value& x, const std::string& at, const DenseLayer& l) {
  return graph.node("Gemm", {x, as_it_is(graph, at + "w", l.w.master), as_it_is(graph, at + "bias", l.bias.master)}, {{"transB", 1}});
}

Value convolution(Graph& graph, const Value& x, const std::string& at, const ConvLayer& l, const Padding& p) {
  return with_weights(graph, "Conv", x, at, l, p);
}

Value transposed_convolution(Graph& graph, const Value& x, const std::string& at, const ConvLayer& l, const Padding& p) {
  return with_weights(graph, "ConvTranspose", x, at, l, p);
}

Value norm_behind(Graph& graph, const Value& x, const std::string& at, const Layer& l, int axes, ActivationSpec then) {
  if (l.norm == Norm::none) return activated(graph, x, then);
  if (l.norm != Norm::batch && l.norm != Norm::conditional)
    fail(Failure::internal, std::string("no ONNX nodes for a layer's norm: ") + norm_names[static_cast<int>(l.norm)]);
  const bool by_class = l.norm == Norm::conditional;
  const size_t c = static_cast<size_t>(l.running_mean.count());
  const Value gamma = by_class ? graph.weights(at + "one", l.running_mean.shape().dims(), std::vector<float>(c, 1))
                               : as_it_is(graph, at + "gamma", l.gamma.master);
  const Value beta = by_class ? graph.weights(at + "zero", l.running_mean.shape().dims(), std::vector<float>(c, 0))
                              : as_it_is(graph, at + "beta", l.beta.master);
  const std::vector<Value> statistics{as_it_is(graph, at + "running_mean", l.running_mean),
                                      as_it_is(graph, at + "running_var", l.running_var)};
  Value y = graph.node("BatchNormalization", {x, gamma, beta, statistics[0], statistics[1]}, {{"epsilon", static_cast<float>(l.eps)}});
  if (by_class) {
    auto of_sample = [&](const char* name, const Tensor& table) {
      const Value row = row_of_label(graph, at + name, table);
      return axes == 2 ? row : graph.reshape(row, {static_cast<int64_t>(c), 1, 1});
    };
    y = graph.node("Mul", {y, of_sample("gamma", l.gamma.master)});
    y = graph.node("Add", {y, of_sample("beta", l.beta.master)});
  }
  return activated(graph, y, then);
}

Value activated(Graph& graph, const Value& x, ActivationSpec act) {
  switch (act.act) {
    case Act::none:
      return x;
    case Act::relu:
      return graph.node("Relu", {x});
    case Act::leaky_relu:
      return graph.node("LeakyRelu", {x}, {{"alpha", static_cast<float>(act.slope)}});
    case Act::tanh:
      return graph.node("Tanh", {x});
    case Act::sigmoid:
      return graph.node("Sigmoid", {x});
    case Act::softplus:
      return graph.node("Softplus", {x});
  }
  fail(Failure::internal, "no ONNX node for an activation");
}

Value image_of_row(Graph& graph, const Value& row, int64_t h, int64_t w, int64_t c) {
  return graph.node("Transpose", {graph.reshape(row, {h, w, c})}, {{"perm", Dims{0, 3, 1, 2}}});
}

Value row_of_image(Graph& graph, const Value& image, int64_t h, int64_t w, int64_t c) {
  return graph.reshape(graph.node("Transpose", {image}, {{"perm", Dims{0, 2, 3, 1}}}), {h * w * c});
}

Value concat(Graph& graph, const Value& a, const Value& b) { return graph.node("Concat", {a, b}, {{"axis", 1}}); }

Value one_hot_label(Graph& graph, int64_t classes) {
  return graph.node("OneHot", {label_name, graph.integers({classes}), graph.weights("off_and_on", {2}, {0, 1})});
}

Value row_of_label(Graph& graph, const std::string& at, const Tensor& table) {
  return graph.node("Gather", {as_it_is(graph, at, table), label_name});
}

}  // namespace duel::onnx
