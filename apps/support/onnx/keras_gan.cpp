#include <fmt/format.h>

#include "apps/support/onnx/layers.h"
#include "apps/support/onnx/nets.h"

namespace duel::onnx {

Value layers_of(Graph& graph, const KerasGenerator& g, const Value& z) {
  Value x = z;
  for (size_t i = 0; i < g.dense.size(); ++i) {
    const std::string at = fmt::format("dense{}.", i);
    x = norm_behind(graph, dense(graph, x, at, g.dense[i]), at, g.dense[i], 2, keras_leaky);
  }
  int64_t h = g.config.h / 4, w = g.config.w / 4;
  x = image_of_row(graph, x, h, w, 2 * g.config.ngf);
  for (size_t i = 0; i < g.convs.size(); ++i) {
    const ConvLayer& l = g.convs[i];
    const std::string at = fmt::format("conv{}.", i);
    h *= l.window.stride, w *= l.window.stride;
    x = transposed_convolution(graph, x, at, l, same_padding(h, w, l));
    if (l.has_norm()) x = norm_behind(graph, x, at, l, 4, keras_leaky);
  }
  return activated(graph, x, {Act::tanh});
}

}  // namespace duel::onnx
