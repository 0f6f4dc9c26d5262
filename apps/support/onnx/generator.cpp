#include "apps/support/onnx/layers.h"
#include "apps/support/onnx/nets.h"

namespace duel::onnx {

Graph graph_of(const Generator& g) {
  const GanConfig& c = g.config;
  Graph graph("generator");
  Value z = graph.input("z", Element::f32, {c.nz}, "noise from N(0, 1)");
  if (c.classes) graph.input(label_name, Element::i64, {}, "class, from 0");
  if (c.classes && c.label_in_g == LabelInG::one_hot) z = concat(graph, z, one_hot_label(graph, c.classes));
  if (g.label.master) z = concat(graph, z, row_of_label(graph, "label_table", g.label.master));
  const Value image = std::visit([&](const auto& any) { return layers_of(graph, any, z); }, g.net);
  graph.output("image", image, {c.channels, c.h, c.w}, c.net == GanNet::points ? "points" : "pixels in [-1, 1]");
  return graph;
}

}  // namespace duel::onnx
