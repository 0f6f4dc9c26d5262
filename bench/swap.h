// The same training with each row of one op in turn: do the curves stay the same, and what does a row cost or save in a whole step?
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "bench/step_models.h"

namespace duel::bench {

struct SwapOptions {
  std::string op, model;
  StepOptions step;
  int rounds = 7;      // turns, of which the median counts
  double seconds = 2;  // a round
  int compared = 10;   // steps whose losses are compared
};

// Every row of the op on the device, baselines included and the reference left out, trains a model of its own from the same weights on the
// same images, all in turns. Prints a line a row: milliseconds a step, how far its losses lie from those of the row that is picked by
// itself (the largest difference over the largest loss), and a row that cannot run this step with the reason. The same as JSON. Throws
// Error(usage) where the step does not use the op.
nlohmann::json swap_rows(const SwapOptions& options, Device device);

}  // namespace duel::bench
