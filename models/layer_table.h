// A table of layers with shapes and parameter counts, for `info`, for a run's page and for errors.
#pragma once
#include <fmt/format.h>

#include <string>
#include <vector>

#include "models/layers.h"

namespace duel {

class LayerTable {
 public:
  struct Row {
    std::string name, what, output, count;
  };
  static std::string image(int64_t h, int64_t w, int64_t c) { return fmt::format("{}×{}×{}", h, w, c); }

  void row(const std::string& name, const std::string& what, const std::string& output, int64_t parameters) {
    total_ += parameters;
    rows_.push_back({name, what, output, std::to_string(parameters)});
  }
  // A line with the sum of the rows since the last one.
  void total(const std::string& name) {
    rows_.push_back({name, "", "", std::to_string(total_)});
    total_ = 0;
  }
  const std::vector<Row>& rows() const { return rows_; }
  // The line called `marked` has an arrow before it.
  std::string text(const std::string& marked = "") const {
    std::string table = line({"layer", "", "output", "parameters"});
    for (const Row& r : rows_) table += r.name == marked ? line({"→ " + r.name, r.what, r.output, r.count}) : line(r);
    return table;
  }

 private:
  static std::string line(const Row& r) { return fmt::format("{:<16} {:<34} {:>16} {:>12}\n", r.name, r.what, r.output, r.count); }

  std::vector<Row> rows_;
  int64_t total_ = 0;
};

// What stands behind a layer, in words: "conv k4 s2" with BN and an activation is "conv k4 s2, BN, ReLU".
inline std::string with_norm(const std::string& layer, Norm norm, const std::string& then) {
  constexpr const char* words[] = {"", ", BN", ", layer norm", ", instance norm", ", spectral norm", ", BN by class"};
  return layer + words[static_cast<int>(norm)] + (then.empty() ? "" : ", " + then);
}

}  // namespace duel
