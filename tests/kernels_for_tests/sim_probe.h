// One op whose rows are small kernels with known answers, for either GPU, and one whose rows are wrong on purpose, for the simulated GPU.
#pragma once
#include <cstdint>

namespace duel {

struct Shape3 {
  unsigned x = 1, y = 1, z = 1;
};

struct SimProbe {
  struct Problem {
    Shape3 grid, block;
  };
  struct Args {
    const void* in;
    void* out;
  };
  static constexpr auto name = "sim_probe";
};

struct SimFault {
  struct Problem {
    Shape3 grid, block;
    unsigned long long shared_bytes = 0;
  };
  struct Args {
    void* out;
  };
  static constexpr auto name = "sim_fault";
};

constexpr int shuffle_results = 8, vote_results = 9, arithmetic_results = 24;
constexpr int shared_probe_floats = 25600;  // 100 KiB

}  // namespace duel
