// The folder of a study: plan.json, written before anything is trained; results.jsonl, a line for each finished training; samples/; and
// index.html. Asking for the same study again goes on where it stopped.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/support/metrics/scores.h"
#include "apps/support/run/folder_lock.h"

namespace duel {

// What came of one training. Arms and levels by name, so that a line says what it is.
struct StudyResult {
  std::string level, arm;
  int64_t seed = 0;
  Scores scores = Scores();                      // on all test images
  int64_t images = 0, synthetic = 0, steps = 0;  // trained on, those of them that were made, and for how long
  double loss = 0;                               // on the training images, the mean of the run
  double prepare_seconds = 0, train_seconds = 0;
  std::string note;    // what a reader must know; empty: nothing
  std::string failed;  // why the training came to nothing (a loss that is no number); then there is nothing else

  nlohmann::ordered_json json() const;
  static StudyResult from_json(const nlohmann::json& json);  // throws nlohmann's exceptions
};

// Holds a folder's lock, and takes it away at the end.
struct HeldLock {
  std::filesystem::path folder;
  FolderLock lock;
  explicit HeldLock(const std::filesystem::path& folder);  // throws Error(data) where another process holds it
  ~HeldLock();
};

class StudyFolder {
 public:
  // Makes the folder and writes the plan, or goes on in one that has this very plan. Throws Error(usage) where it has another, Error(data)
  // where something else stands there, it cannot be written, or another process is at work in it.
  StudyFolder(const std::filesystem::path& path, const nlohmann::ordered_json& plan);
  StudyFolder(const StudyFolder&) = delete;

  std::filesystem::path index() const { return path_ / "index.html"; }
  std::filesystem::path sample(const std::string& level, const std::string& arm) const;  // samples/ratio-100-smote.png
  const std::vector<StudyResult>& results() const { return results_; }
  bool has(const std::string& level, int64_t seed, const std::string& arm) const;
  void add(const StudyResult& result);  // and to results.jsonl, in one write

 private:
  void read_results();

  std::filesystem::path path_, file_;
  HeldLock lock_;
  std::vector<StudyResult> results_;
};

}  // namespace duel
