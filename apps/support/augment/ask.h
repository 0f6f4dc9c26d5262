// What can be asked of `augment`, and the flags that ask it.
#pragma once
#include <string>
#include <vector>

#include "apps/support/augment/follow.h"
#include "apps/support/command/cli.h"

namespace duel {

struct AugmentAsk {
  std::string source, recipe, out, sheet, page, device = "auto", bad = "stop";
  Followers::Files follow;
  int copies = 0, n = 64, size = 0, batch = 64;  // copies 0: one, or as many as fill a sheet's or a page's row
  int64_t seed = 1, epoch = 0, data_seed = 1, sample = 0;
  bool force = false, preview = false;

  AugmentJob job(int standard_copies) const;  // throws Error(usage) on a recipe that cannot be read
};

void add_flags(CLI::App& app, AugmentAsk& ask);
std::string augment_footer();  // examples and the table of steps

// A file may be written where there is none, or with --force where the same program wrote it: `own` looks into it. Throws Error(usage).
void check_free(const char* flag, const std::string& file, const std::string& ending, bool force, bool (*own)(const std::string& file));
bool is_own_sheet(const std::string& file);
bool is_own_page(const std::string& file);

}  // namespace duel
