// The folder of a run: runs/<name>/ with
//   config.json    every setting, written once, atomically        samples/      sample grids, step_00001000.png
//   metrics.jsonl  one JSON record a line, in order of steps        checkpoints/  what --resume reads
//   speed.jsonl    how fast it went, likewise
//   index.html     the page to look at                              lock          held, and there, while a process trains here
//   events.out.tfevents.0001.duel   the same for TensorBoard; one file more for each time that the run went on
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "apps/support/run/record_file.h"

namespace duel {

class RunFolder {
 public:
  // A fresh folder. An earlier run of that name is kept: it is renamed to <path>.1, or the next number that is free. Everything is built
  // beside the final place and renamed into it, so a failure leaves nothing behind and an earlier run where it was; what a killed process
  // left there goes when the next run of that name starts. A run that an exception ends before its first checkpoint is of no use: its
  // folder is removed, and an earlier run gets its name back, unless keep() was called. Throws Failure::data when the folder cannot be
  // made, when another process trains in the earlier one, or when what stands there is neither a run nor empty; Failure::usage for a path
  // that names no folder.
  static RunFolder create(const std::filesystem::path& path);
  // The folder of an earlier run, to go on in it. Throws Failure::data when there is none or another process trains in it.
  static RunFolder resume(const std::filesystem::path& path);

  RunFolder(RunFolder&& other) noexcept;
  RunFolder& operator=(RunFolder&&) = delete;
  ~RunFolder();  // gives the lock back and removes it; the folder stays, unless create() made it for nothing

  // What the folder now holds is of use without a checkpoint: no exception takes it away any more. For programs that make none.
  void keep() { built_as_.clear(); }

  const std::filesystem::path& path() const { return path_; }
  const std::filesystem::path& previous() const { return previous_; }  // where create() moved the earlier run; empty if there was none
  std::filesystem::path config() const { return path_ / "config.json"; }
  std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path index() const { return path_ / "index.html"; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path sample(int64_t step) const;  // samples/step_00001000.png
  // The sample grids that exist for steps ≤ step, in order.
  std::vector<std::pair<int64_t, std::filesystem::path>> samples_up_to(int64_t step) const;

  std::vector<std::filesystem::path> event_files() const;  // in the order in which they were begun
  std::filesystem::path next_event_file() const;           // where the next one goes

  void write_config(const nlohmann::ordered_json& config) const;
  nlohmann::ordered_json read_config() const;

  // To metrics.jsonl, as RecordFile. What differs between a resumed and an uninterrupted run (times, rates) goes to speed(), so that these
  // can be compared.
  void append(const nlohmann::ordered_json& record) { metrics_.append(record); }
  std::vector<nlohmann::ordered_json> rewind(int64_t step) { return metrics_.rewind(step); }
  RecordFile& speed() { return speed_; }

 private:
  RunFolder(std::filesystem::path path, int lock)
      : path_(std::move(path)), lock_(lock), metrics_(metrics()), speed_(path_ / "speed.jsonl") {}
  void take_away() const;

  std::filesystem::path path_, previous_, built_as_;  // built_as_: empty in a run that stays: resumed or kept
  int lock_ = -1;
  RecordFile metrics_, speed_;
  int exceptions_ = std::uncaught_exceptions();  // more of them at the end: one of them ends the run
};

}  // namespace duel
