// Division by a number that a launch knows: a multiplication and a shift (Granlund and Montgomery, "Division by invariant integers using
// multiplication", 1994).
#pragma once
#include <cstdint>

#include "kernels/dtype.h"

namespace duel {

// n / d for 0 ≤ n < 2³¹ and 1 ≤ d < 2³¹.
struct Divisor {
  uint32_t magic;
  int divisor, shift;

  explicit Divisor(int d) : divisor(d), shift(31) {
    while ((int64_t{1} << (shift - 31)) < d) ++shift;  // d ≤ 2^(shift − 31) < 2d, so that 2³¹ ≤ magic < 2³²
    magic = static_cast<uint32_t>(((static_cast<__uint128_t>(1) << shift) + static_cast<unsigned>(d) - 1) / static_cast<unsigned>(d));
  }
  HD int quotient(int n) const { return static_cast<int>(static_cast<uint64_t>(static_cast<uint32_t>(n)) * magic >> shift); }
  HD int remainder(int n) const { return n - quotient(n) * divisor; }
};

}  // namespace duel
