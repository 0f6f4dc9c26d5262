// --json, --csv and, of bench_kernels, --markdown: to a file, or bare to standard output, when the table goes to standard error.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace duel::bench {

class ResultOutput {
 public:
  void add_flags(CLI::App& app);
  void add_markdown(CLI::App& app);  // for results of bench_kernels
  bool wanted() const { return json_.wanted() || csv_.wanted() || markdown_.wanted(); }
  // Before anything is measured: finds out whether the files can be written, and moves tables out of the way. Throws Error(data), and
  // Error(usage) where two would go to standard output.
  void begin();
  // {"context": {…}, "benchmarks": [{…}, …]}. As JSON that is Google Benchmark's format; as CSV it is a line a benchmark: its name, then
  // what there is of numbers, words and truth values in any of them by name, objects within as object.key, and what was measured on which
  // machine. A benchmark without a time (one that is WRONG, or too large) goes to a list of its own, "not_timed": compare.py would stumble
  // over it.
  void write(const nlohmann::json& results);

 private:
  struct Sink {
    const char* flag;
    CLI::Option* option = nullptr;
    std::string path;
    bool wanted() const;
    bool to_stdout() const { return wanted() && path.empty(); }
    void check() const;
    void write(const std::string& text, int standard_output) const;
  };
  Sink json_{"--json"}, csv_{"--csv"}, markdown_{"--markdown"};
  std::vector<std::string> markdown_files_;
  bool append_ = false;
  int stdout_ = -1;
};

std::string csv_of(const nlohmann::json& results);

}  // namespace duel::bench
