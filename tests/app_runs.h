// Runs of the programs that train, for their tests: a place with data to make them in, and what equal runs have in common.
#pragma once
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "engine/io/safetensors.h"
#include "tests/idx_images.h"
#include "tests/process.h"
#include "tests/support.h"

namespace duel::test {

namespace fs = std::filesystem;

// A folder with the blobs of idx_images.h, and one program to run there.
struct Desk {
  TempFolder folder;
  std::string name;                // of the program
  std::vector<std::string> small;  // the flags of a run that takes a moment
  fs::path data = folder.path() / "data";

  Desk(std::string name, std::vector<std::string> small) : name(std::move(name)), small(std::move(small)) { write_blobs(data); }
  fs::path program() const { return build_dir() / "apps" / name; }
  fs::path run(const std::string& run) const { return folder.path() / run; }
  fs::path metrics(const std::string& run) const { return folder.path() / run / "metrics.jsonl"; }
  fs::path checkpoint(const std::string& run, const std::string& which = "last") const {
    return folder.path() / run / "checkpoints" / (which + ".safetensors");
  }

  Outcome operator()(const std::vector<std::string>& args, const std::map<std::string, std::string>& environment = {}) const {
    return run_process(program(), args, environment);
  }
  // The arguments of a fresh run, and of one that goes on; `more` are flags with their values.
  std::vector<std::string> fresh(const std::string& run, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> args{"train",   "--data", data.string(), "--out", this->run(run).string(), "--device", "cpu",
                                  "--batch", "8",      "--seed",      "3"};
    args.insert(args.end(), small.begin(), small.end());
    return with_flags(args, more);
  }
  std::vector<std::string> further(const std::string& run, const std::vector<std::string>& more = {}) const {
    return with_flags({"train", "--out", this->run(run).string(), "--resume"}, more);
  }
  Outcome train(const std::string& run, const std::vector<std::string>& more = {}) const { return (*this)(fresh(run, more)); }
  Outcome resume(const std::string& run, const std::vector<std::string>& more = {},
                 const std::map<std::string, std::string>& environment = {}) const {
    return (*this)(further(run, more), environment);
  }
  int64_t steps_done(const std::string& run) const { return std::stoll(read_safetensors(checkpoint(run)).metadata.at("step")); }
};

inline std::vector<nlohmann::json> records_of(const fs::path& run) {
  std::istringstream lines(contents_of(run / "metrics.jsonl"));
  std::vector<nlohmann::json> records;
  for (std::string line; std::getline(lines, line);) records.push_back(nlohmann::json::parse(line));
  return records;
}

// What two equal runs have in common, byte for byte. The second may have more pictures: one from where it stopped before.
inline void check_equal(const fs::path& a, const fs::path& b) {
  CHECK(!contents_of(a / "metrics.jsonl").empty());
  CHECK(contents_of(a / "metrics.jsonl") == contents_of(b / "metrics.jsonl"));
  for (const auto& entry : fs::directory_iterator(a / "checkpoints"))
    CHECK(weights_of(entry.path()) == weights_of(b / "checkpoints" / entry.path().filename()));
  for (const auto& entry : fs::directory_iterator(a / "samples"))
    CHECK(contents_of(entry.path()) == contents_of(b / "samples" / entry.path().filename()));
}

// Arguments that a program must refuse with one sentence that holds `says`.
struct Refusal {
  std::vector<std::string> args;
  int code;
  std::string says;
};
// Nothing named x, or x with an ending, may be left on the desk.
inline void check_refused(const Desk& desk, const std::vector<Refusal>& refusals) {
  for (const Refusal& r : refusals) {
    const Outcome o = desk(r.args);
    const std::string what = fmt::format("{} {}: exit {}, said: {}", desk.name, fmt::join(r.args, " "), o.code, o.errors);
    CHECK_MESSAGE(o.code == r.code, what);
    CHECK_MESSAGE(o.errors.find(r.says) != std::string::npos, what);
    CHECK_MESSAGE(std::count(o.errors.begin(), o.errors.end(), '\n') == 1, what);
    for (const auto& entry : fs::directory_iterator(desk.folder.path()))
      CHECK_MESSAGE(!entry.path().filename().string().starts_with("x"), what);
  }
}

}  // namespace duel::test
