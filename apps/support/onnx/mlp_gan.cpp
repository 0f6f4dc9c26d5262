#include "apps/support/onnx/layers.h"
#include "apps/support/onnx/nets.h"

namespace duel::onnx {

Value layers_of(Graph& graph, const MlpGenerator& g, const Value& z) {
  const GanConfig& c = g.config;
  Value h = z;
  for (size_t i = 0; i < g.layers.size(); ++i) {
    const std::string at = std::to_string(i) + ".";
    h = dense(graph, h, at, g.layers[i]);
    if (i + 1 < g.layers.size()) h = norm_behind(graph, h, at, g.layers[i], 2, hidden_activation_of_g(c.net));
  }
  h = image_of_row(graph, h, c.h, c.w, c.channels);
  return c.net == GanNet::points ? h : activated(graph, h, {Act::tanh});
}

}  // namespace duel::onnx
