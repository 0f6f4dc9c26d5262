// An op whose rows are kernels with one fault each, and kernels that look like them and have none: for the checked simulated GPU.
#pragma once
#include "tests/kernels_for_tests/sim_probe.h"

namespace duel {

struct CheckProbe {
  struct Problem {
    Shape3 grid, block;
    long long n = 0;  // elements of x and of y
    unsigned long long shared_bytes = 0;
  };
  struct Args {
    const void* x;
    void* y;
  };
  static constexpr auto name = "check_probe";
};

}  // namespace duel
