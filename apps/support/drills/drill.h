// Ways in which training a GAN fails, on purpose: each a recipe with one fault, a number that shows it, and the same recipe with the fault
// taken out. On the ring of eight, σ = .1.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "apps/support/gan2d/plane_gan.h"

namespace duel {

struct Drill {
  std::string name;
  std::string fault;    // what is wrong, and what comes of it
  std::string mend;     // the one change
  std::string measure;  // what the number is
  Gan2dSettings settings;
  // One of the two: a setting to change, or what no flag can do, done to a net before its first step.
  std::function<void(Gan2dSettings&)> set_fault;
  std::function<void(PlaneGan&)> plant_fault;
  std::function<double(const PlaneGan&)> number;  // after the last step
  double bound;                                   // the fault shows where the number is at most this
  std::vector<double> with_fault, mended;         // measured, seeds 1 to 5, CPU
};

const std::vector<Drill>& drills();
const Drill& find_drill(const std::string& name);  // throws Error(usage) with the names there are

// Trains once. The number is the same on every machine of one kind.
double run_drill(const Drill& drill, int64_t seed, bool mended);

// The table of both numbers for each seed, what was measured before beside them, and a verdict in words.
struct DrillSeed {
  int64_t seed;
  double with_fault, mended;
};
std::string text_of(const Drill& drill, std::span<const DrillSeed> seeds);

}  // namespace duel
