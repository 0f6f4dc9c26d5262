// An op whose rows are kernels with memory requests that can be counted by hand: for the counters of the simulated GPU.
#pragma once
#include "tests/kernels_for_tests/sim_probe.h"

namespace duel {

struct CountProbe {
  struct Problem {
    unsigned blocks = 1, threads = 32;
  };
  struct Args {
    const void* x;
    void* y;
  };
  static constexpr auto name = "count_probe";
};

}  // namespace duel
