// Every row of every op, on every case it supports: see row_check.h for what "right" means. Nothing here names an op or a row.
#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sstream>

#include "kernels/draw.h"
#include "tests/random_case.h"
#include "tests/row_check.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

constexpr uint64_t table_seed = 20;

// All ops, or those that DUEL_TEST_OP names: "warp_images,conv2d_fwd".
std::vector<OpInfo> tested_ops() {
  const char* names = std::getenv("DUEL_TEST_OP");
  if (!names) return ops();
  std::vector<OpInfo> some;
  std::stringstream list(names);
  for (std::string name; std::getline(list, name, ',');) some.push_back(find_op(name));
  return some;
}

struct Sweep {
  long passed = 0, failed = 0, skipped = 0;
  std::map<std::string, long> ran;  // by variant/device

  void one(const Row& row, const Question& q) {
    const Verdict v = check(row, q);
    ++ran[std::string(row.name) + "/" + name_of(row.device)];
    ++(v.passed ? passed : failed);
    if (!v.passed && failed <= 10)  // the rest of a broken op says the same again
      FAIL_CHECK(full_name(row, q.problem) << std::string(q.values == Values::reals ? " on reals: " : " on integers: ") << v.why << "\n  "
                                           << reproducer(row, q));
  }
  void finish(const OpInfo& op) const {
    std::printf("%-20s %6ld right %4ld wrong %6ld skipped  ", op.name, passed, failed, skipped);
    for (const auto& [name, count] : ran) std::printf(" %s×%ld", name.c_str(), count);
    std::printf("\n");
    std::fflush(stdout);
    tally(passed, failed, skipped);
  }
};

bool usable(Device device) { return why_not(device).empty(); }

using Devices = bool (*)(Device);
bool all_devices(Device) { return true; }
// Where a kernel reads and writes hardly ever hangs on the numbers, and checks take several times its run: on reals they are among the long
// tests.
bool unchecked(Device device) { return device != Device::sim_checked; }

// Runs every usable row from this rank on that supports the problem; the answer is computed once.
void every_row(const OpInfo& op, const ErasedCase& problem, Values values, uint64_t seed, int lowest_rank, Sweep& sweep,
               Devices chosen = all_devices) {
  std::vector<Row> able;
  for (const Row& row : rows_of(op.name)) {
    if (row.rank < lowest_rank || !wanted(row) || !chosen(row.device) || !row.supports(problem.problem.get())) continue;
    if (usable(row.device)) able.push_back(row);
    else ++sweep.skipped;
  }
  if (able.empty()) return;
  const Question q = ask(op, problem, values, seed);
  for (const Row& row : able) sweep.one(row, q);
}

void random_rows(const OpInfo& op, long wanted) {
  const std::vector<Row> all = rows_of(op.name);
  if (!DUEL_TEST_SIM && std::all_of(all.begin(), all.end(), [](const Row& row) { return row.rank <= reference_rank; })) {
    std::printf("%-20s has only its reference in this build\n", op.name);
    return tally(0, 0, 1);
  }
  Sweep sweep;
  const RandomCases random(op);
  for (uint64_t seed = 1; sweep.passed + sweep.failed < wanted && sweep.failed < 20; ++seed) {
    const ErasedCase problem = random.draw(seed);
    if (!can_ask(op, problem)) continue;
    every_row(op, problem, seed % 4 ? Values::integers : Values::reals, seed, reference_rank + 1, sweep);  // the reference is the answer
    if (seed > static_cast<uint64_t>(wanted) * 10) {
      FAIL_CHECK(std::string(op.name) << ": its rows support hardly any of the random problems");
      break;
    }
  }
  sweep.skipped = 0;  // the table counts what cannot run here; random problems would only repeat it
  sweep.finish(op);
}

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
      every_row(op, c, Values::integers, table_seed, baseline_rank, sweep);
      every_row(op, c, Values::reals, table_seed, baseline_rank, sweep, unchecked);
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

TEST_CASE("every row on random problems") {
  for (const OpInfo& op : tested_ops()) random_rows(op, 400);
}

TEST_SUITE("long") {
  TEST_CASE("every row on 10,000 random problems an op") {
    for (const OpInfo& op : tested_ops()) random_rows(op, 10000);
  }

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
