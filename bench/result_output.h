// --json and --csv of the benches: to a file, or bare to standard output, when the table goes to standard error.
#pragma once
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>

namespace duel::bench {

class ResultOutput {
 public:
  void add_flags(CLI::App& app);
  bool wanted() const { return json_.wanted() || csv_.wanted(); }
  // Before anything is measured: finds out whether the files can be written, and moves tables out of the way. Throws Error(data), and
  // Error(usage) where both would go to standard output.
  void begin();
  // {"context": {…}, "benchmarks": [{…}, …]}. As JSON that is Google Benchmark's format; as CSV it is a line a benchmark: its name, then
  // what there is of numbers, words and truth values in any of them by name, objects within as object.key, and what was measured on which
  // machine.
  void write(const nlohmann::json& results);

 private:
  struct Sink {
    const char* flag;
    CLI::Option* option = nullptr;
    std::string path;
    bool wanted() const { return option->count() > 0; }
    bool to_stdout() const { return wanted() && path.empty(); }
    void check() const;
    void write(const std::string& text, int standard_output) const;
  };
  Sink json_{"--json"}, csv_{"--csv"};
  int stdout_ = -1;
};

std::string csv_of(const nlohmann::json& results);

}  // namespace duel::bench
