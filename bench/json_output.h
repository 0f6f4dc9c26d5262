// --json of the benches: to a file, or bare to standard output, when the table goes to standard error.
#pragma once
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "kernels/error.h"

namespace duel::bench {

class JsonOutput {
 public:
  void add_flag(CLI::App& app) {
    option_ =
        app.add_option("--json", path_, "write the results to this file, in Google Benchmark's format; without a file to standard output")
            ->expected(0, 1)
            ->type_name("[FILE]");
  }
  bool wanted() const { return option_->count() > 0; }
  // Before anything is measured: finds out whether the file can be written, and moves tables out of the way.
  void begin() {
    if (!wanted()) return;
    if (path_.empty()) {
      std::fflush(stdout);
      stdout_ = dup(STDOUT_FILENO);
      dup2(STDERR_FILENO, STDOUT_FILENO);
      return;
    }
    const bool was_there = std::filesystem::exists(path_);
    if (!std::ofstream(path_, std::ios::app)) fail(Failure::data, "--json: cannot write " + path_ + "; is its folder there and writable?");
    if (!was_there) std::filesystem::remove(path_);
  }
  void write(const nlohmann::json& results) {
    if (!wanted()) return;
    const std::string text = results.dump(1) + "\n";
    if (path_.empty()) {
      std::fflush(stdout);
      dup2(stdout_, STDOUT_FILENO);
      close(stdout_);
      std::fputs(text.c_str(), stdout);
      return;
    }
    std::ofstream file(path_);
    file << text;
    if (!file.flush()) fail(Failure::data, "--json: cannot write " + path_ + "; is its folder there and writable?");
  }

 private:
  CLI::Option* option_ = nullptr;
  std::string path_;
  int stdout_ = -1;
};

}  // namespace duel::bench
