// The same training with each row of one op in turn: do the curves stay the same, and what does a row cost or save in a whole step?
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "bench/step_models.h"

namespace duel::bench {

struct SwapOptions {
  std::string op, model;
  StepOptions step;
  int rounds = 7;           // turns, of which the median counts
  double seconds = 2;       // a round
  int compared = 10;        // steps whose losses are compared
  double tolerance = 0.01;  // relative: losses further apart are another training
};

// Every row of the op on the device, baselines included and the reference left out, trains a model of its own from the same weights on the
// same images, all in turns. Prints a line a row: milliseconds a step, how far its losses lie from those of the row that is picked by
// itself (the largest difference over the largest loss), and a row that cannot run this step with the reason. The same as JSON. Throws
// Error(usage) where the step does not use the op.
struct Swapped {
  nlohmann::json results;
  int apart = 0;  // rows whose losses lie further from the picked one's than the tolerance
};
Swapped swap_rows(const SwapOptions& options, Device device);

// For two rows that are both right, over those ten steps. tests/test_bench_step.cpp holds small nets in f32 to a tenth of it; bf16 keeps 16
// bits fewer, of which training makes more, so there it only tells rows that train at all from those that do not.
constexpr double swap_tolerance(DType precision) { return precision == DType::bf16 ? 0.1 : 0.01; }

}  // namespace duel::bench
