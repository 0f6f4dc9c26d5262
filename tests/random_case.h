// Problems nobody wrote down: an op's own random(), or its cases with the integers varied.
#pragma once
#include "kernels/op.h"

namespace duel::test {

struct Limits {
  double flops = 4e5;    // of the problem
  double bytes = 2.5e5;  // of all its buffers
};

// Draws valid problems of one op. A pure function of (op, seed, limits): the same problems everywhere.
class RandomCases {
 public:
  explicit RandomCases(const OpInfo& op, Limits limits = {});
  // Throws Error(internal) when a thousand draws gave no valid problem within the limits.
  ErasedCase draw(uint64_t seed) const;

 private:
  ErasedCase vary(uint64_t seed) const;  // throws Error(usage) where the variation is not a problem
  const OpInfo& op_;
  Limits limits_;
  std::vector<ErasedCase> cases_;
  std::map<std::string, std::vector<int64_t>> seen_;  // an integer's values in the cases, ascending
};

}  // namespace duel::test
