#include "apps/support/drills/command.h"

#include <fmt/format.h>

#include "apps/support/command/cli.h"
#include "apps/support/command/flags.h"
#include "apps/support/command/progress.h"
#include "apps/support/command/signals.h"

namespace duel {

DrillCommands::DrillCommands(CLI::App& app, const std::vector<Drill>& drills)
    : program_(app.get_name()),
      drills_(drills),
      one_(app.add_subcommand("drill", "a way to fail, on purpose, beside the same recipe mended")),
      list_(app.add_subcommand("drills", "lists them")) {
  one_->add_option("name", name_, "of the drill")->required();
  one_->add_option("--seeds", seeds_, "by commas")->delimiter(',')->capture_default_str()->check(fits_64_bits());
}

DrillCommands::operator bool() const { return *one_ || *list_; }

int DrillCommands::run() const {
  if (*list_) {
    for (const Drill& d : drills_) fmt::print("{:<20} {}\n{:<20} Mended: {}.\n\n", d.name, d.fault, "", d.mend);
    fmt::print("{} drill NAME runs one over five seeds; --seeds 1 over one.\n", program_);
    return 0;
  }
  const Drill& drill = find_drill(drills_, name_);
  std::vector<DrillSeed> results;
  install_signals();
  Progress progress(drill.name, static_cast<int64_t>(seeds_.size()));
  for (const int64_t seed : seeds_) {
    results.push_back(run_drill(drill, seed));
    if (progress.tick(static_cast<int64_t>(results.size()))) progress.show({});
    if (stop_requested()) break;
  }
  progress.finish();
  fmt::print("{}", text_of(drill, results));
  return stop_requested() ? stop_exit_code() : 0;
}

}  // namespace duel
