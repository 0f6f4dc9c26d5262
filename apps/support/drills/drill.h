// Ways in which training a GAN fails, on purpose: each a recipe with one fault, a number that shows it, what the doctor says of it, and the
// same recipe with the fault taken out.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "apps/support/train/doctor.h"

namespace duel {

struct DrillRun {
  double number;      // after the last step
  Readings readings;  // for the doctor
};

struct Drill {
  std::string name;
  std::string fault;                                       // what is wrong, and what comes of it
  std::string mend;                                        // the one change
  std::string measure;                                     // what the number is
  std::string finding;                                     // what the doctor calls it; empty where it has no rule
  std::function<DrillRun(int64_t seed, bool mended)> run;  // the same on every machine of one kind
  enum Side { at_most, at_least } side;                    // the fault shows where the number is at most, or at least …
  double bound;                                            // … this
  std::vector<double> with_fault, with_mend;               // numbers measured, seeds 1 to 5, CPU
  bool shows(double number) const { return side == at_most ? number <= bound : number >= bound; }
};

// One of them. Throws Error(usage) with the names there are.
const Drill& find_drill(const std::vector<Drill>& drills, const std::string& name);

// What came of one seed.
struct DrillSeed {
  int64_t seed;
  double with_fault, mended;
  std::vector<Finding> said_of_fault, said_of_mended;
};
DrillSeed run_drill(const Drill& drill, int64_t seed);
bool says(const std::vector<Finding>& said, const std::string& name);

// The table of both numbers for each seed, what was measured before beside them, what the doctor said, and a verdict in words.
std::string text_of(const Drill& drill, std::span<const DrillSeed> seeds);

}  // namespace duel
