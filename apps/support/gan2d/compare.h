// Several ways of training on the same points, side by side: each with the same seeds, steps and nets.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apps/support/gan2d/film.h"
#include "apps/support/report/report.h"

namespace duel {

// LOSS, or LOSS+WORD… where a word is a penalty or a norm of D: "hinge+spectral", "wasserstein+wgan-gp". The rest is as in `base`. Throws
// Error(usage) on a word that is neither, and on what check() refuses.
struct Contestant {
  std::string name;
  Gan2dSettings settings;
};
Contestant contestant(const std::string& name, const Gan2dSettings& base);

struct ContestRun {
  int64_t seed = 0;
  std::optional<PlaneScore> score;  // after the last step; none where the run diverged
  std::string diverged;             // at which step, and what was not finite; empty where all was
  double seconds = 0;               // of training and looking, by the wall clock
  std::vector<double> found;        // modes covered, or coverage, at the film's steps
};
struct Contest {
  Contestant who;
  std::vector<ContestRun> runs;
  Film film;              // of the first run that did not diverge; without frames where each one did
  int64_t film_seed = 0;  // whose it is
};

// A run's record: step, loss, seed, modes and high_quality (or coverage and precision); both null, and diverged added, where it diverged.
nlohmann::ordered_json record_of(const Contest& contest, const ContestRun& run, int64_t step, const PointSource& source);

// Heads and rows as text, a row a contestant: what each seed found, means over those that did not diverge, seconds. For the terminal and
// for the page.
Table contest_table(const std::vector<Contest>& contests, const PointSource& source);
std::string text_of(const Table& table);  // columns aligned

// What all contestants share, but for a penalty or norm that one brings along, and who they are.
nlohmann::ordered_json contest_settings(const Gan2dSettings& base, const std::vector<std::string>& losses,
                                        const std::vector<int64_t>& seeds);
// Each contest with a run for each seed, in one order of seeds.
Page contest_page(const Gan2dSettings& base, const PointSource& source, const std::string& device, const std::vector<Contest>& contests);

}  // namespace duel
