// The counts behind tally() and skip(): written by support.cpp, printed by main.cpp.
#pragma once
#include <atomic>
#include <string>

namespace duel::test {

struct Counts {
  std::atomic<long> passed{0}, failed{0}, skipped{0};
  std::string skip_reason;  // of the running test case; empty when it was not skipped
  bool all = false;         // --all
};
Counts& counts();

}  // namespace duel::test
