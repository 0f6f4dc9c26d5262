// What a row ought to take, from what this device was just seen to do and from how its launches fill it: see README.md, "Predicted times".
#pragma once
#include <optional>
#include <vector>

#include "bench/ceilings.h"
#include "kernels/launch_probe.h"
#include "kernels/op.h"
#include "kernels/registry.h"

namespace duel::bench {

// The launch whose threads hold the most registers together, which is the one that multiplies where one does.
const LaunchFacts& heaviest(const std::vector<LaunchFacts>& launches);

double occupancy(const LaunchFacts& launch);  // threads that a multiprocessor holds of it, of the most that it could hold
double waves(const LaunchFacts& launch);      // its blocks, by as many as are there at once

// How much longer a launch takes because its last wave, or its only one, does not fill the device. 1 where it does.
double stretch(const LaunchFacts& launch);

// Seconds. Nothing where the launches are unknown, or a rate that the row is bound by was not measured.
std::optional<double> predicted(const OpInfo& op, const ErasedCase& problem, const Row& row, const std::vector<LaunchFacts>& launches,
                                const Ceilings& ceilings);

}  // namespace duel::bench
