// A measured number held against a threshold: a row of the report's table.
#pragma once
#include <string>

namespace duel {

struct Check {
  std::string name;     // "spread"
  std::string meaning;  // one clause for people: what the number says, and what a bad one means
  double value = 0;
  double threshold = 0;
  bool at_least = true;  // value ≥ threshold passes; otherwise value ≤ threshold does

  // A NaN passes neither comparison.
  bool passed() const { return at_least ? value >= threshold : value <= threshold; }
  std::string bound() const;  // "≥ 0.700"
  std::string line() const;   // "spread    0.934  ≥ 0.700  pass  mean distance …"
};

}  // namespace duel
