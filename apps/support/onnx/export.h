// The export commands: a trained net as an ONNX file.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/support/onnx/graph.h"
#include "apps/support/run/ask.h"

namespace duel::onnx {

// `export` with run folder or checkpoint, --which and --out.
CLI::App* add_export(CLI::App& program, Ask& ask, const char* help);
// Before the net is opened: throws Error(usage) unless the file is named as what it will be.
void check_is_onnx(const std::string& out);

// What the file says of itself, as metadata_props.
struct About {
  std::string name;     // "dcgan generator"
  std::string weights;  // "last" or "average"
  int64_t step;
  nlohmann::ordered_json settings;
  std::vector<std::string> classes;  // of a conditional net
};
void write(const std::string& path, Graph graph, const About& about);

}  // namespace duel::onnx
