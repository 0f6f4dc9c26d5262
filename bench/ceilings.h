// What the device can do at most, as far as something in this build can show it, measured in the same run: a plain copy, and the fastest
// matrix product of each precision. A row's GB/s and GFLOP/s stand beside these.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "kernels/registry.h"

namespace duel::bench {

// What a row's products are rounded to: f32, bf16, f64 …, and for f32 on tensor cores tf32 or, where three products make up for the bits
// that one drops, 3xtf32. A row of such products has "tf32" in its name; baselines run without TF32.
std::string precision_of(const Row& row, const std::string& problem);

std::string dtype_of(const std::string& problem);  // "n8…:bf16/tb=1" → "bf16"

struct Ceilings {
  struct Matrix {
    double flops = 0;  // a second
    std::string row, problem;
  };
  double copy = 0;                       // bytes a second, read and written; 0: not measured
  double launch = 0;                     // seconds that a launch costs which does nothing; 0: not measured, or not a GPU
  std::map<std::string, Matrix> matrix;  // by precision

  std::string text() const;  // "copy 21.4 GB/s; matrix product f32 180 GFLOP/s (onednn)"
  nlohmann::json json() const;
};

// A launch is measured as rows are, warm or cold. Rows of gemm are verified before they count. Where memory does not suffice, or no row has
// the precision, that ceiling is left out.
Ceilings measure_ceilings(Device device, const std::set<std::string>& dtypes, double seconds, uint64_t seed, bool cold = false);

}  // namespace duel::bench
