#include "apps/support/onnx/layers.h"
#include "apps/support/onnx/nets.h"

namespace duel::onnx {

Value layers_of(Graph& graph, const DcganGenerator& g, const Value& z) {
  Value h = graph.reshape(z, {g.layers[0].w.master.shape()[0], 1, 1});
  for (size_t i = 0; i < g.layers.size(); ++i) {
    const ConvLayer& l = g.layers[i];
    const std::string at = std::to_string(i) + ".";
    h = transposed_convolution(graph, h, at, l, padding_of(l.window));
    if (i + 1 < g.layers.size()) h = norm_behind(graph, h, at, l, 4, {Act::relu});
  }
  return activated(graph, h, {Act::tanh});
}

}  // namespace duel::onnx
