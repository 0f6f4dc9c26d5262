// Instructions of compute capability 9.0, one a row, whose answers the test computes.
#pragma once
#include <cstdint>

#include "kernels/dtype.h"

namespace duel {

struct HopperProbe {
  struct Problem {
    unsigned threads = 128;
    int number = 0;  // what a row takes it for
  };
  struct Args {
    const void *a, *b;
    void* out;
  };
  static constexpr auto name = "hopper_probe";
};

}  // namespace duel
