#include "tests/row_sweep.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "tests/support.h"

namespace duel::test {

std::vector<OpInfo> tested_ops() {
  const char* names = std::getenv("DUEL_TEST_OP");
  if (!names) return ops();
  std::vector<OpInfo> some;
  std::stringstream list(names);
  for (std::string name; std::getline(list, name, ',');) some.push_back(find_op(name));
  return some;
}

bool usable(Device device) { return why_not(device).empty(); }

void Sweep::one(const Row& row, const Question& q) {
  const Verdict v = check(row, q);
  ++ran[std::string(row.name) + "/" + name_of(row.device)];
  ++(v.passed ? passed : failed);
  if (!v.passed && failed <= 10)  // the rest of a broken op says the same again
    FAIL_CHECK(full_name(row, q.problem) << std::string(q.values == Values::reals ? " on reals: " : " on integers: ") << v.why << "\n  "
                                         << reproducer(row, q));
}

void Sweep::every_row(const OpInfo& op, const ErasedCase& problem, Values values, uint64_t seed, int lowest_rank, Devices chosen) {
  std::vector<Row> able;
  for (const Row& row : rows_of(op.name)) {
    if (row.rank < lowest_rank || !wanted(row) || !chosen(row.device) || !row.supports(problem.problem.get())) continue;
    if (usable(row.device)) able.push_back(row);
    else ++skipped;
  }
  if (able.empty()) return;
  const Question q = ask(op, problem, values, seed);
  for (const Row& row : able) one(row, q);
}

void Sweep::finish(const OpInfo& op) const {
  std::printf("%-20s %6ld right %4ld wrong %6ld skipped  ", op.name, passed, failed, skipped);
  for (const auto& [name, count] : ran) std::printf(" %s×%ld", name.c_str(), count);
  std::printf("\n");
  std::fflush(stdout);
  tally(passed, failed, skipped);
}

}  // namespace duel::test
