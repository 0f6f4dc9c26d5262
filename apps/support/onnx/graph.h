// An ONNX model while it is built, and its bytes: https://onnx.ai/onnx/repo-docs/IR.html. Operator set 17, IR version 8, which every
// runtime since 2022 reads.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace duel::onnx {

enum class Element { f32 = 1, i64 = 7 };  // as TensorProto numbers them
using Value = std::string;                // what nodes take and make, by name
using Dims = std::vector<int64_t>;

struct Attribute {
  const char* name;
  std::variant<int64_t, float, Dims> value;
};

class Graph {
 public:
  explicit Graph(std::string name) : name_(std::move(name)) {}

  // Inputs and outputs have the batch as their first axis, called n; `dims` are the others. `meaning` is for people.
  Value input(const std::string& name, Element element, const Dims& dims, const std::string& meaning);
  void output(const std::string& name, const Value& value, const Dims& dims, const std::string& meaning);  // renames the value

  // Constants.
  Value weights(const std::string& name, const Dims& dims, const std::vector<float>& values);
  Value integers(const std::vector<int64_t>& values);
  Value number(float value);

  Value node(const char* op, const std::vector<Value>& inputs, const std::vector<Attribute>& attributes = {});
  // [n, …] → [n, dims]
  Value reshape(const Value& x, Dims dims);

  std::map<std::string, std::string> metadata;
  // A ModelProto. Throws Error(usage) beyond the 2 GiB where such a message ends.
  std::string bytes() const;

 private:
  struct Node {
    std::string op;
    std::vector<Value> inputs;
    Value output;
    std::vector<Attribute> attributes;
  };
  struct Constant {
    std::string name;
    Element element;
    Dims dims;
    std::string raw;
  };
  struct Port {
    std::string name;
    Element element;
    Dims dims;
    std::string meaning;
  };
  Value constant(const std::string& name, Element element, const Dims& dims, const void* values, size_t bytes);

  std::string name_;
  std::vector<Node> nodes_;
  std::vector<Constant> constants_;
  std::vector<Port> inputs_, outputs_;
};

}  // namespace duel::onnx
