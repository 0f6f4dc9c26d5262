#include "apps/support/drills/drill.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/error.h"

namespace duel {

const Drill& find_drill(const std::vector<Drill>& drills, const std::string& name) {
  std::string names;
  for (const Drill& d : drills) {
    if (d.name == name) return d;
    names += (names.empty() ? "" : ", ") + d.name;
  }
  fail(Failure::usage, fmt::format("there is no drill '{}'; there are {}", name, names));
}

DrillSeed run_drill(const Drill& drill, int64_t seed) {
  const DrillRun fault = drill.run(seed, false), mended = drill.run(seed, true);
  return {seed, fault.number, mended.number, diagnose(fault.readings), diagnose(mended.readings)};
}

bool says(const std::vector<Finding>& said, const std::string& name) {
  return std::any_of(said.begin(), said.end(), [&](const Finding& f) { return f.name == name; });
}

namespace {

// "collapse: in 5 of 5 seeds with the fault, in 0 mended." and the sentence of the first.
std::string doctor_on(const Drill& drill, std::span<const DrillSeed> seeds) {
  if (drill.finding.empty()) return "The doctor has no rule for it.\n";
  size_t fault = 0, mended = 0;
  std::string sentence;
  for (const DrillSeed& s : seeds) {
    fault += says(s.said_of_fault, drill.finding), mended += says(s.said_of_mended, drill.finding);
    for (const Finding& f : s.said_of_fault)
      if (f.name == drill.finding && sentence.empty()) sentence = f.sentence;
  }
  return fmt::format("The doctor says \"{}\" in {} of {} seeds with the fault, in {} without it.{}\n", drill.finding, fault, seeds.size(),
                     mended, sentence.empty() ? "" : "\n  " + sentence);
}

}  // namespace

std::string text_of(const Drill& drill, std::span<const DrillSeed> seeds) {
  const auto number = [&](double v) { return fmt::format("{:.3g}", v); };
  const auto before = [&](const std::vector<double>& measured, int64_t seed) {
    return seed >= 1 && seed <= static_cast<int64_t>(measured.size()) ? number(measured[static_cast<size_t>(seed - 1)]) : "-";
  };
  std::string text = fmt::format("{}: {}\nMended: {}.\n\n{}\n{:>6}  {:>14}  {:>10}  {:>14}  {:>10}\n", drill.name, drill.fault, drill.mend,
                                 drill.measure, "seed", "with the fault", "expected", "mended", "expected");
  size_t shown = 0, still = 0;
  for (const DrillSeed& s : seeds) {
    text += fmt::format("{:>6}  {:>14}  {:>10}  {:>14}  {:>10}\n", s.seed, number(s.with_fault), before(drill.with_fault, s.seed),
                        number(s.mended), before(drill.with_mend, s.seed));
    shown += drill.shows(s.with_fault), still += drill.shows(s.mended);
  }
  return text +
         fmt::format("\nThe fault shows where the number is {} {:g}: in {} of {} seeds with it, in {} without it.\n",
                     drill.side == Drill::at_most ? "at most" : "at least", drill.bound, shown, seeds.size(), still) +
         doctor_on(drill, seeds);
}

}  // namespace duel
