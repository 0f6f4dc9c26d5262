#include "apps/support/onnx/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>

#include "engine/io/protobuf.h"
#include "kernels/error.h"

namespace duel::onnx {
namespace {

using protobuf::Message;

constexpr int64_t ir_version = 8, opset = 17;

// The numbers are those of onnx.proto.
namespace model {
constexpr int ir_version = 1, producer = 2, producer_version = 3, graph = 7, opset = 8, metadata = 14;
}
namespace graph_field {
constexpr int node = 1, name = 2, initializer = 5, input = 11, output = 12;
}

Message attribute_message(const Attribute& a) {
  constexpr int name = 1, f = 2, i = 3, ints = 8, type = 20;
  enum { type_float = 1, type_int = 2, type_ints = 7 };
  Message m;
  m.text(name, a.name);
  if (const auto* whole = std::get_if<int64_t>(&a.value)) m.integer(i, *whole), m.integer(type, type_int);
  if (const auto* real = std::get_if<float>(&a.value)) m.real(f, *real), m.integer(type, type_float);
  if (const auto* list = std::get_if<Dims>(&a.value)) {
    for (const int64_t v : *list) m.integer(ints, v);
    m.integer(type, type_ints);
  }
  return m;
}

Message port_message(const std::string& name, Element element, const Dims& dims, const std::string& meaning) {
  constexpr int dim = 1, dim_value = 1, dim_param = 2, elem_type = 1, shape = 2, tensor_type = 1, port_name = 1, type = 2, doc = 3;
  Message batch, shape_message, tensor, type_message, port;
  batch.text(dim_param, "n"), shape_message.message(dim, batch);
  for (const int64_t d : dims) {
    Message one;
    one.integer(dim_value, d), shape_message.message(dim, one);
  }
  tensor.integer(elem_type, static_cast<int64_t>(element)), tensor.message(shape, shape_message);
  type_message.message(tensor_type, tensor);
  port.text(port_name, name), port.message(type, type_message), port.text(doc, meaning);
  return port;
}

}  // namespace

Value Graph::input(const std::string& name, Element element, const Dims& dims, const std::string& meaning) {
  inputs_.push_back({name, element, dims, meaning});
  return name;
}

void Graph::output(const std::string& name, const Value& value, const Dims& dims, const std::string& meaning) {
  const Value old = value;  // may be one of the strings below
  for (Node& n : nodes_) {
    if (n.output == old) n.output = name;
    std::replace(n.inputs.begin(), n.inputs.end(), old, name);
  }
  outputs_.push_back({name, Element::f32, dims, meaning});
}

Value Graph::constant(const std::string& name, Element element, const Dims& dims, const void* values, size_t bytes) {
  constants_.push_back({name, element, dims, std::string(static_cast<const char*>(values), bytes)});
  return name;
}

Value Graph::weights(const std::string& name, const Dims& dims, const std::vector<float>& values) {
  return constant(name, Element::f32, dims, values.data(), values.size() * sizeof(float));
}

Value Graph::integers(const std::vector<int64_t>& values) {
  return constant(fmt::format("integers_{}", constants_.size()), Element::i64, {static_cast<int64_t>(values.size())}, values.data(),
                  values.size() * sizeof(int64_t));
}

Value Graph::number(float value) { return weights(fmt::format("number_{}", constants_.size()), {}, {value}); }

Value Graph::node(const char* op, const std::vector<Value>& inputs, const std::vector<Attribute>& attributes) {
  std::string name = fmt::format("{}_{}", op, nodes_.size());
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  nodes_.push_back({op, inputs, name, attributes});
  return name;
}

Value Graph::reshape(const Value& x, Dims dims) {
  dims.insert(dims.begin(), 0);  // as it is
  return node("Reshape", {x, integers(dims)});
}

std::string Graph::bytes() const {
  size_t total = 0;
  for (const Constant& c : constants_) total += c.raw.size();
  constexpr size_t most = std::numeric_limits<int32_t>::max() - (size_t{1} << 20);  // a megabyte is plenty for all else
  if (total > most) fail(Failure::usage, fmt::format("{} bytes of weights, but an ONNX file ends at 2 GiB; export a smaller net", total));

  Message graph;
  for (const Node& n : nodes_) {
    constexpr int input = 1, output = 2, name = 3, op_type = 4, attribute = 5;
    Message m;
    for (const Value& v : n.inputs) m.text(input, v);
    m.text(output, n.output), m.text(name, n.output), m.text(op_type, n.op);
    for (const Attribute& a : n.attributes) m.message(attribute, attribute_message(a));
    graph.message(graph_field::node, m);
  }
  graph.text(graph_field::name, name_);
  for (const Constant& c : constants_) {
    constexpr int dims = 1, data_type = 2, name = 8, raw_data = 9;
    Message m;
    for (const int64_t d : c.dims) m.integer(dims, d);
    m.integer(data_type, static_cast<int64_t>(c.element)), m.text(name, c.name), m.text(raw_data, c.raw);
    graph.message(graph_field::initializer, m);
  }
  for (const Port& p : inputs_) graph.message(graph_field::input, port_message(p.name, p.element, p.dims, p.meaning));
  for (const Port& p : outputs_) graph.message(graph_field::output, port_message(p.name, p.element, p.dims, p.meaning));

  Message whole, operators;
  constexpr int version = 2, key = 1, value = 2;
  whole.integer(model::ir_version, ir_version);
  whole.text(model::producer, "duel"), whole.text(model::producer_version, DUEL_VERSION);
  whole.message(model::graph, graph);
  operators.integer(version, opset), whole.message(model::opset, operators);
  for (const auto& [name, text] : metadata) {
    Message entry;
    entry.text(key, name), entry.text(value, text);
    whole.message(model::metadata, entry);
  }
  return whole.bytes();
}

}  // namespace duel::onnx
