// Rows of one op timed against each other on one problem: A B C A B C …, in one process, on the same random data. A baseline that
// has a prepared form (kernels/prepared.h) is timed as that, without the conversions of its tensors.
#pragma once
#include <vector>

#include "kernels/launch_probe.h"
#include "kernels/op.h"
#include "kernels/registry.h"

namespace duel::bench {

struct Timing {
  std::vector<double> seconds;        // one call, a value for each round; empty when the row was too slow to time
  double estimate = 0;                // one call, from the first timed one
  int iterations = 0;                 // calls a round
  bool prepared = false;              // a baseline's prepared form was timed (kernels/prepared.h): without conversions
  bool captured = false;              // the calls of a round were replayed as one graph, without launch cost on the host
  std::vector<LaunchFacts> launches;  // of one call; empty where the device does not say
};

struct ContestOptions {
  double seconds = 0.5;  // time spent on a row
  bool cold = false;     // caches are flushed before each call; otherwise each call finds what the one before left
  uint64_t seed = 1;
};

// All rows are on one device and support the problem. Inputs are normal numbers (or what Buffer::fill asks for); updated buffers start each
// round from the same contents. Time is the device's own clock where it has one.
std::vector<Timing> contest(const OpInfo& op, const ErasedCase& problem, const std::vector<Row>& rows, const ContestOptions& options);

}  // namespace duel::bench
