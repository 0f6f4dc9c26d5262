// Every row of every op on problems that nobody wrote down: see row_check.h for what "right" means. Nothing here names an op or a row.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/random_case.h"
#include "tests/row_sweep.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

void random_rows(const OpInfo& op, long count) {
  const std::vector<Row> all = rows_of(op.name);
  const auto asked = [](const Row& row) {
    return row.rank > reference_rank && wanted(row) && usable(row.device);
  };  // the reference answers
  if (std::none_of(all.begin(), all.end(), asked)) {
    std::printf("%-20s has no row to ask here but its reference\n", op.name);
    return tally(0, 0, 1);
  }
  const bool narrowed = std::getenv("DUEL_TEST_FILE");  // to rows that may support few problems, or none
  Sweep sweep;
  const RandomCases random(op);
  for (uint64_t seed = 1; sweep.passed + sweep.failed < count && sweep.failed < 20; ++seed) {
    const ErasedCase problem = random.draw(seed);
    if (!can_ask(op, problem)) continue;
    sweep.every_row(op, problem, seed % 4 ? Values::integers : Values::reals, seed, reference_rank + 1);
    if (seed > static_cast<uint64_t>(count) * 10) {
      if (!narrowed) FAIL_CHECK(std::string(op.name) << ": its rows support hardly any of the random problems");
      break;
    }
  }
  if (sweep.passed + sweep.failed == 0) tally(0, 0, 1);
  sweep.skipped = 0;  // the table of cases counts what cannot run here; random problems would only repeat it
  sweep.finish(op);
}

}  // namespace

TEST_CASE("every row on random problems") {
  for (const OpInfo& op : tested_ops()) random_rows(op, 400);
}

TEST_SUITE("long") {
  TEST_CASE("every row on 10,000 random problems an op") {
    for (const OpInfo& op : tested_ops()) random_rows(op, 10000);
  }
}
