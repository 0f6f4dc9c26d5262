// Every row of every op over its table of cases: verified first, then timed. What did not verify prints WRONG and no time.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "bench/ceilings.h"
#include "kernels/device.h"

namespace duel::bench {

struct KernelBenchOptions {
  std::string problems;                      // a list's name (bench/problem_list.h) instead of the table's cases
  std::string op, variant, problem, filter;  // empty: all; filter is a regular expression looked for in op/variant/device/problem
  std::string tag = "bench";                 // of the cases, unless a problem is given
  Device device = Device::cpu;
  double seconds = 0.5;  // on each row
  double within = 0;     // seconds after which no further problem is begun; 0: all are
  uint64_t seed = 1;
  bool cold = false;
  bool list = false;      // print the names only
  bool run_once = false;  // for a profiler: neither verify nor time, but run each row twice, the second time within a range called "once"
  bool ceilings = true;   // measure what the device can do at most
};

struct KernelBenchResult {
  int rows = 0, wrong = 0, skipped = 0;  // skipped: problems that memory does not hold, no row here runs, or time ran out for
  nlohmann::json benchmarks = nlohmann::json::array();  // in Google Benchmark's shape
  Ceilings ceilings;
};

// Prints as it goes. Throws Error(usage) when nothing fits the options, naming what there is.
KernelBenchResult bench_kernels(const KernelBenchOptions& options);

}  // namespace duel::bench
