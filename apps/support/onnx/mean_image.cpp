#include "apps/support/onnx/nets.h"

namespace duel::onnx {
namespace {

// 1/(1 − e^−η) − 1/η, the derivative of the log-partition log((e^η − 1)/η). Near 0 that subtracts two large numbers, and the first terms of
// its series take over: 1/2 + η/12 − η³/720, off by η⁵/30240.
Value continuous_bernoulli(Graph& graph, const Value& eta) {
  const Value small = graph.node("Less", {graph.node("Abs", {eta}), graph.number(0.3f)});
  const Value square = graph.node("Mul", {eta, eta});
  const Value slope = graph.node("Add", {graph.node("Mul", {square, graph.number(-1.0f / 720)}), graph.number(1.0f / 12)});
  const Value series = graph.node("Add", {graph.node("Mul", {eta, slope}), graph.number(0.5f)});
  // Where the series is taken, the closed form is asked for 1 instead, so that nothing divides by 0. It is written by way of tanh, which
  // does not overflow: 1/(1 − e^−η) = ½ + ½/tanh(η/2).
  const Value half = graph.number(0.5f), safe = graph.node("Where", {small, graph.number(1), eta});
  const Value ratio = graph.node("Div", {half, graph.node("Tanh", {graph.node("Mul", {safe, half})})});
  const Value closed = graph.node("Sub", {graph.node("Add", {ratio, half}), graph.node("Reciprocal", {safe})});
  return graph.node("Where", {small, series, closed});
}

}  // namespace

Value mean_image(Graph& graph, const Value& out, Likelihood likelihood) {
  switch (likelihood) {
    case Likelihood::bernoulli:
      return graph.node("Sigmoid", {out});
    case Likelihood::gaussian:
      return graph.node("Clip", {out, graph.number(0), graph.number(1)});
    case Likelihood::continuous_bernoulli:
      return continuous_bernoulli(graph, out);
  }
  return out;
}

}  // namespace duel::onnx
