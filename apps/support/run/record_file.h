// Records of a run, in order of steps: a JSON object a line, with an integer under "step".
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "apps/support/run/append_file.h"

namespace duel {

class RecordFile {
 public:
  explicit RecordFile(std::filesystem::path path) : path_(std::move(path)) {}
  void open() { file_.emplace(path_); }  // makes it, if there is none; append() does so too

  // Appends the record as one line. Where the disk is full the line is taken back and Failure::data thrown.
  void append(const nlohmann::ordered_json& record);
  // Keeps the records of steps ≤ step and drops the rest, a line torn by a kill included; returns what it kept.
  std::vector<nlohmann::ordered_json> rewind(int64_t step);

 private:
  std::filesystem::path path_;
  std::optional<AppendFile> file_;
};

}  // namespace duel
