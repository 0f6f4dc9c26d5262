// What the tests of every row share: which ops are asked, which rows can answer here, and the line that a sweep over an op's problems
// prints.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "tests/row_check.h"

namespace duel::test {

// All ops, or those that DUEL_TEST_OP names: "warp_images,conv2d_fwd".
std::vector<OpInfo> tested_ops();

bool usable(Device device);

using Devices = bool (*)(Device);
inline bool all_devices(Device) { return true; }
// Where a kernel reads and writes hardly ever hangs on the numbers, and checks take several times its run: on reals they are among the long
// tests.
inline bool unchecked(Device device) { return device != Device::sim_checked; }

struct Sweep {
  long passed = 0, failed = 0, skipped = 0;
  std::map<std::string, long> ran;  // by variant/device

  void one(const Row& row, const Question& q);
  // Every usable row from this rank on that supports the problem; the answer is computed once.
  void every_row(const OpInfo& op, const ErasedCase& problem, Values values, uint64_t seed, int lowest_rank, Devices chosen = all_devices);
  void finish(const OpInfo& op) const;  // prints the line and counts it
};

}  // namespace duel::test
