// Several ways of training on the same points, side by side: each with the same seeds, steps and nets.
#pragma once
#include <string>
#include <vector>

#include "apps/support/gan2d/film.h"
#include "apps/support/report.h"

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
  PlaneScore score;           // after the last step
  double seconds = 0;         // of training and looking, by the wall clock
  std::vector<double> found;  // modes covered, or coverage, at the film's steps
};
struct Contest {
  Contestant who;
  Film film;  // of the first seed
  std::vector<ContestRun> runs;
  double mean_found() const;
  double mean_good() const;
};

// Heads and rows as text, a row a contestant: what each seed found, means, seconds. For the terminal and for the page.
Table contest_table(const std::vector<Contest>& contests);
std::string text_of(const Table& table);  // columns aligned

Page contest_page(const Gan2dSettings& base, const std::string& source, const std::string& device, const std::vector<Contest>& contests);

}  // namespace duel
