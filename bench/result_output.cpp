#include "bench/result_output.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <vector>

#include "apps/support/command/csv.h"
#include "apps/support/command/flags.h"
#include "bench/kernel_report.h"
#include "kernels/error.h"

namespace duel::bench {
namespace {

[[noreturn]] void cannot_write(const char* flag, const std::string& path) {
  fail(Failure::data, std::string(flag) + ": cannot write " + path + "; is its folder there and writable?");
}

// Scalars by name; an object within by object.key; lists are left out.
void flatten(const nlohmann::json& object, const std::string& before, std::vector<std::pair<std::string, std::string>>& to) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) flatten(value, before + key + ".", to);
    else if (value.is_string()) to.emplace_back(before + key, value.get<std::string>());
    else if (value.is_number() || value.is_boolean()) to.emplace_back(before + key, value.dump());
  }
}

nlohmann::json shaped(const nlohmann::json& results) {
  nlohmann::json shaped = results;
  shaped["benchmarks"] = nlohmann::json::array();
  for (const nlohmann::json& benchmark : results.at("benchmarks"))
    shaped[benchmark.contains("real_time") ? "benchmarks" : "not_timed"].push_back(benchmark);
  return shaped;
}

// What a file has of earlier results; null where there is none.
nlohmann::json earlier(const std::string& path) {
  std::ifstream in(path);
  if (!in || in.peek() == std::ifstream::traits_type::eof()) return nullptr;
  nlohmann::json read = nlohmann::json::parse(in, nullptr, false);
  if (!read.is_object() || !read.contains("context") || !read.contains("benchmarks"))
    fail(Failure::data, "--append: " + path + " holds no results to add to; name another file");
  return read;
}

// The context is the first run's.
nlohmann::json joined(nlohmann::json before, const nlohmann::json& added) {
  for (const char* list : {"benchmarks", "not_timed"})
    for (const nlohmann::json& one : added.value(list, nlohmann::json::array())) before[list].push_back(one);
  return before;
}

}  // namespace

void ResultOutput::add_flags(CLI::App& app) {
  json_.option = app.add_option("--json", json_.path,
                                "write the results to this file, in Google Benchmark's format; without a file to standard output");
  csv_.option = app.add_option("--csv", csv_.path, "the same as CSV, a line a result");
  for (CLI::Option* option : {json_.option, csv_.option}) option->expected(0, 1)->type_name("[FILE]");
  app.add_flag("--append", append_, "leave in the file of --json the results that it has, of other runs on this machine")
      ->needs(json_.option);
}

void ResultOutput::add_markdown(CLI::App& app) {
  markdown_.option = app.add_option("--markdown", markdown_files_,
                                    "write the tables of these files anew, between their marks <!-- bench OP PROBLEM --> and <!-- end -->; "
                                    "without a file Markdown to standard output");
  markdown_.option->expected(0, -1)->type_name("[FILE…]");
}

bool ResultOutput::Sink::wanted() const { return option && option->count() > 0; }

void ResultOutput::Sink::check() const {
  if (!wanted() || path.empty()) return;
  const bool was_there = std::filesystem::exists(path);
  if (!std::ofstream(path, std::ios::app)) cannot_write(flag, path);
  if (!was_there) std::filesystem::remove(path);
}

void ResultOutput::Sink::write(const std::string& text, int standard_output) const {
  if (to_stdout()) {
    std::fflush(stdout);
    dup2(standard_output, STDOUT_FILENO);
    close(standard_output);
    std::fputs(text.c_str(), stdout);
    return;
  }
  std::ofstream file(path);
  file << text;
  if (!file.flush()) cannot_write(flag, path);
}

void ResultOutput::begin() {
  if (!markdown_files_.empty()) markdown_.path = markdown_files_.front();
  if (append_ && json_.to_stdout()) fail(Failure::usage, "--append adds to a file; give --json one");
  if (append_) earlier(json_.path);
  std::string bare;
  for (const Sink* sink : {&json_, &csv_, &markdown_}) {
    if (sink->to_stdout() && !bare.empty())
      fail(Failure::usage, bare + " and " + sink->flag + " both to standard output; give one of them a file");
    if (sink->to_stdout()) bare = sink->flag;
    sink->check();
  }
  for (const std::string& file : markdown_files_) check_markdown(file);
  if (bare.empty()) return;
  std::fflush(stdout);
  stdout_ = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
}

void ResultOutput::write(const nlohmann::json& results) {
  if (json_.wanted()) {
    nlohmann::json all = shaped(results);
    if (append_)
      if (const nlohmann::json before = earlier(json_.path); !before.is_null()) all = joined(before, all);
    json_.write(all.dump(1) + "\n", stdout_);
  }
  if (markdown_.to_stdout()) markdown_.write(markdown_of(results.at("benchmarks")), stdout_);
  else if (markdown_.wanted()) fill_markdown(markdown_files_, results);
  if (csv_.wanted()) csv_.write(csv_of(results), stdout_);
}

std::string csv_of(const nlohmann::json& results) {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  std::vector<Fields> rows;
  std::vector<std::string> columns{"name"};
  Fields about;
  flatten(results.at("context"), "context.", about);
  for (const nlohmann::json& benchmark : results.at("benchmarks")) {
    Fields& row = rows.emplace_back();
    flatten(benchmark, "", row);
    row.insert(row.end(), about.begin(), about.end());
    for (const auto& field : row)
      if (std::find(columns.begin(), columns.end(), field.first) == columns.end()) columns.push_back(field.first);
  }
  std::string text = csv_line(columns);
  for (const Fields& row : rows) {
    std::vector<std::string> line;
    for (const std::string& column : columns) {
      const auto at = std::find_if(row.begin(), row.end(), [&](const auto& field) { return field.first == column; });
      line.push_back(at == row.end() ? "" : at->second);
    }
    text += csv_line(line);
  }
  return text;
}

}  // namespace duel::bench
