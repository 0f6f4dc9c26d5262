// What a run says to TensorBoard: the records of metrics.jsonl and the sample grids, in event files in its folder
// (engine/io/tensorboard.h).
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "apps/support/run/append_file.h"
#include "apps/support/run/folder.h"
#include "engine/histogram.h"
#include "engine/io/tensorboard.h"

namespace duel {

// A histogram as records hold it: {"low": 0.0, "high": 1.0, "counts": [3, 0, …]}.
nlohmann::ordered_json json_of(const Histogram& h);
std::optional<Histogram> histogram_of(const nlohmann::ordered_json& json);  // none where it is not of this form

class RunEvents {
 public:
  explicit RunEvents(const RunFolder& folder) : folder_(folder) {}  // which must outlive it; a file is begun with the first thing said

  // Before a run goes on from `step`: takes what was said of later steps from the files, so that TensorBoard shows each step once. It
  // is told to forget them as well, should it be looking on. Throws Error(data) when a file cannot be read or cut.
  void rewind(int64_t step);

  // A record of metrics.jsonl: numbers as scalars, histograms as such, what lies in an object under the object's name and a '/'.
  void add(const nlohmann::ordered_json& record);
  void add(int64_t step, const std::string& tag, const Image& image);

 private:
  void append(int64_t step, const tensorboard::Summary& summary);
  const RunFolder& folder_;
  int64_t goes_on_from_ = 0;
  std::optional<AppendFile> file_;
};

}  // namespace duel
