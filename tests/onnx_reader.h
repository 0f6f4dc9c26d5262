// ONNX files as tests see them: read back by other code than wrote them, and what graphs promise.
#pragma once
#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/protobuf_reader.h"

namespace duel::test {

struct OnnxFile {
  uint64_t ir_version = 0, opset = 0;
  std::map<std::string, std::string> metadata;
  std::vector<std::string> ops;                                     // of the nodes, in order
  std::map<std::string, std::vector<std::string>> inputs, outputs;  // name → its axes, "n" or a number, and last the element type
  std::map<std::string, std::vector<uint64_t>> constants;           // name → shape
  std::map<std::string, std::string> raw;                           // and bytes
};

// Reads one, and checks that every value is made once, before it is used, and is used or given out; that constants have as many bytes as
// their shape says.
inline OnnxFile read_onnx(const std::string& bytes) {
  OnnxFile file;
  const Fields model = fields_of(bytes);
  file.ir_version = numbers(model, 1).at(0);
  file.opset = numbers(fields_of(texts(model, 8).at(0)), 2).at(0);
  for (const std::string& entry : texts(model, 14)) file.metadata[texts(fields_of(entry), 1).at(0)] = texts(fields_of(entry), 2).at(0);
  const Fields graph = fields_of(texts(model, 7).at(0));
  std::set<std::string> made, used;
  auto make = [&](const std::string& name) { CHECK_MESSAGE(made.insert(name).second, name << " is made twice"); };
  auto use = [&](const std::string& name) {
    CHECK_MESSAGE(made.contains(name), name << " is used before it is made");
    used.insert(name);
  };
  for (const int kind : {11, 12})
    for (const std::string& port : texts(graph, kind)) {
      const Fields type = fields_of(texts(fields_of(texts(fields_of(port), 2).at(0)), 1).at(0));
      std::vector<std::string> axes;
      for (const std::string& dim : texts(fields_of(texts(type, 2).at(0)), 1)) {
        const Fields d = fields_of(dim);
        axes.push_back(texts(d, 2).empty() ? std::to_string(numbers(d, 1).at(0)) : texts(d, 2)[0]);
      }
      axes.push_back(numbers(type, 1).at(0) == 1 ? "f32" : "i64");
      const std::string name = texts(fields_of(port), 1).at(0);
      (kind == 11 ? file.inputs : file.outputs)[name] = axes;
      if (kind == 11) make(name);
    }
  for (const std::string& tensor : texts(graph, 5)) {
    const Fields t = fields_of(tensor);
    const std::string name = texts(t, 8).at(0);
    file.constants[name] = numbers(t, 1), file.raw[name] = texts(t, 9).at(0);
    size_t size = numbers(t, 2).at(0) == 1 ? 4 : 8;
    for (const uint64_t d : numbers(t, 1)) size *= d;
    CHECK(file.raw[name].size() == size);
    make(name);
  }
  for (const std::string& node : texts(graph, 1)) {
    const Fields n = fields_of(node);
    for (const std::string& input : texts(n, 1)) use(input);
    make(texts(n, 2).at(0));
    file.ops.push_back(texts(n, 4).at(0));
  }
  for (const auto& [name, axes] : file.outputs) use(name);
  CHECK(used == made);
  return file;
}

}  // namespace duel::test
