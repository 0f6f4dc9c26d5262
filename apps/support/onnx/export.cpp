#include "apps/support/onnx/export.h"

#include <fmt/format.h>

#include "apps/support/command/flags.h"
#include "engine/io/atomic_file.h"
#include "kernels/error.h"

namespace duel::onnx {

CLI::App* add_export(CLI::App& program, Ask& ask, const char* help) {
  CLI::App* command = program.add_subcommand("export", help);
  command->add_option("from", ask.from, "run folder or checkpoint")->required();
  add_which(*command, ask);
  command->add_option("--out", ask.out, "ONNX file to write")->required();
  return command;
}

void check_is_onnx(const std::string& out) {
  if (!out.ends_with(".onnx")) fail(Failure::usage, fmt::format("--out {}: nets are exported as ONNX; end the name in .onnx", out));
}

void write(const std::string& path, Graph graph, const About& about) {
  graph.metadata = {
      {"name", about.name}, {"weights", about.weights}, {"step", std::to_string(about.step)}, {"settings", about.settings.dump()}};
  if (!about.classes.empty()) graph.metadata["classes"] = nlohmann::json(about.classes).dump();
  write_file_atomic(path, graph.bytes());
}

}  // namespace duel::onnx
