// Each failure drill shows its fault, and the mended recipe does not.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "apps/support/gan2d/drills.h"
#include "tests/support.h"

using namespace duel;

namespace {

constexpr int64_t most_steps = 500;  // of D, in the quick suite

void check(const Drill& drill, int64_t seed) {
  use_one_thread();
  const double fault = run_drill(drill, seed, false), mended = run_drill(drill, seed, true);
  const std::string what = fmt::format("{}, seed {}: {} with the fault, {} mended", drill.name, seed, fault, mended);
  CHECK_MESSAGE(fault <= drill.bound, what);
  CHECK_MESSAGE(mended > drill.bound, what);
}

}  // namespace

TEST_CASE("every drill that takes a moment shows its fault, and mended does not") {
  int quick = 0;
  for (const Drill& drill : drills()) {
    if (drill.settings.steps * drill.settings.critic_steps > most_steps) continue;
    check(drill, 1), ++quick;
  }
  CHECK(quick >= 3);
}

TEST_CASE("a GAN that cannot see its labels' fault is refused; only a drill goes around the check") {
  Gan2dSettings s;
  s.smooth = -0.05;  // labels of 1.05
  CHECK_THROWS_WITH_AS(s.check(), doctest::Contains("--smooth"), Error);
  GanObjective objective = Gan2dSettings().objective();
  objective.real_is = 1.05;
  CHECK_THROWS_AS(check_objective(objective, Gan2dSettings().network()), Error);
}

TEST_CASE("what a drill prints: both numbers of each seed beside those measured before, and how often the fault shows") {
  const Drill& drill = find_drill("mode-collapse");
  REQUIRE(drill.with_fault.size() == 5);
  const std::vector<DrillSeed> seeds{{1, 2, 8}, {9, 4, 3}};
  const std::string text = text_of(drill, seeds);
  CHECK(text.find(fmt::format("{:>6}  {:>14}  {:>10}  {:>14}  {:>10}\n", 1, 2, drill.with_fault[0], 8, drill.mended[0])) !=
        std::string::npos);
  CHECK(text.find(fmt::format("{:>6}  {:>14}  {:>10}  {:>14}  {:>10}\n", 9, 4, "-", 3, "-")) != std::string::npos);
  CHECK(text.find("at most 3: in 1 of 2 seeds with it, in 1 without it") != std::string::npos);
  CHECK_THROWS_AS(find_drill("collapse"), Error);
}

TEST_SUITE("long") {
  TEST_CASE("four of five seeds show each fault, and four of five are mended") {
    for (const Drill& drill : drills()) {
      use_one_thread();
      std::vector<DrillSeed> seeds;
      int shown = 0, mended = 0;
      for (int64_t seed = 1; seed <= 5; ++seed) {
        seeds.push_back({seed, run_drill(drill, seed, false), run_drill(drill, seed, true)});
        shown += seeds.back().with_fault <= drill.bound, mended += seeds.back().mended > drill.bound;
      }
      fmt::print("{}\n", text_of(drill, seeds));
      CHECK_MESSAGE(shown >= 4, drill.name);
      CHECK_MESSAGE(mended >= 4, drill.name);
    }
  }
}
