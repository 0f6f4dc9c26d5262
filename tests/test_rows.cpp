// Every row of every op, on every case of its table that it supports: see row_check.h for what "right" means. Nothing here names an op or a
// row.
#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/rounding.h"
#include "tests/row_sweep.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

constexpr uint64_t table_seed = 20;

}  // namespace

TEST_CASE("every row on its table of cases") {
  REQUIRE(!ops().empty());
  for (const OpInfo& op : tested_ops()) {
    Sweep sweep;
    for (const ErasedCase& c : op.cases()) {
      if (c.tag == Tag::bench) continue;
      if (!can_ask(op, c)) {
        FAIL_CHECK(std::string(op.name) << " " << c.text << ": no reference row supports this case");
        ++sweep.failed;
        continue;
      }
      sweep.every_row(op, c, Values::integers, table_seed, asked_rank);
      sweep.every_row(op, c, Values::reals, table_seed, asked_rank, unchecked);
    }
    for (const Row& row : rows_of(op.name)) {  // a row that never ran is a failure
      const bool missed = wanted(row) && usable(row.device) && !sweep.ran.count(std::string(row.name) + "/" + name_of(row.device));
      CHECK_MESSAGE(!missed, std::string(op.name), "/", row.name, "/", name_of(row.device), " ran on no case");
    }
    sweep.finish(op);
  }
}

TEST_CASE("every row on the simulated device is run where it was built") {
  if (!DUEL_TEST_SIM) return skip(why_not(Device::sim));
  CHECK_MESSAGE(why_not(Device::sim).empty(), why_not(Device::sim));
}

TEST_CASE("every row on cuda is run where there is a GPU") {
  if (!usable(Device::cuda)) return skip(why_not(Device::cuda));
  CHECK(std::any_of(rows().begin(), rows().end(), [](const Row& row) { return row.device == Device::cuda; }));
}

TEST_CASE("reference rows are what f64 gives") {
  for (const OpInfo& op : tested_ops()) {
    Sweep sweep;
    for (const ErasedCase& c : op.cases()) {
      if (c.tag == Tag::bench || !can_ask(op, c)) continue;
      for (Values values : {Values::integers, Values::reals}) {
        const Question q = ask(op, c, values, table_seed + 1);
        const auto f64 = answer_in_f64(q);
        if (!f64) continue;
        const Verdict v = compare_with_f64(*f64, q, q.answer);
        ++(v.passed ? sweep.passed : sweep.failed);
        CHECK_MESSAGE(v.passed, std::string(op.name), "/ref ", c.text, ": ", v.why);
      }
    }
    tally(sweep.passed, sweep.failed);
  }
}

TEST_CASE("rows of the cpu give the same bits with 1, 2 and 5 threads, unless they say that they do not") {
  const int before = omp_get_max_threads();
  for (const OpInfo& op : tested_ops())
    for (const ErasedCase& c : op.cases()) {
      if (c.tag == Tag::bench || !can_ask(op, c)) continue;
      for (const Row& row : rows_of(op.name)) {
        if (row.device != Device::cpu || !row.supports(c.problem.get()) || row.sums == Sums::by_threads) continue;
        const Question q = ask(op, c, Values::reals, table_seed + 2);
        std::vector<Bytes> first;
        bool same = true;
        for (int threads : {1, 2, 5}) {
          omp_set_num_threads(threads);
          std::vector<Bytes> contents = q.before;
          run_once(row, op, c, contents);
          if (first.empty()) first = contents;
          else if (first != contents) same = false;
        }
        omp_set_num_threads(before);
        tally(same, !same);
        CHECK_MESSAGE(same, full_name(row, c), " depends on the number of threads");
      }
    }
}

TEST_SUITE("long") {
  TEST_CASE("every simulated row on its table of cases, whatever the order of blocks, warps and lanes") {
    for (const char* schedule : {"reverse", "random:7"}) {
      setenv("DUEL_SIM_SCHEDULE", schedule, 1);
      for (const OpInfo& op : tested_ops()) {
        Sweep sweep;
        for (const ErasedCase& c : op.cases()) {
          if (c.tag == Tag::bench || !can_ask(op, c)) continue;
          const Question q = ask(op, c, Values::reals, table_seed + 3);
          for (const Row& row : rows_of(op.name))
            if (is_simulated(row.device) && wanted(row) && usable(row.device) && row.supports(c.problem.get())) sweep.one(row, q);
        }
        sweep.finish(op);
      }
      unsetenv("DUEL_SIM_SCHEDULE");
    }
  }
}
