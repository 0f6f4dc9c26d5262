// Each failure drill shows its fault and is called by its name by the doctor, and the mended recipe is neither.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <set>

#include "apps/support/gan/image_drills.h"
#include "apps/support/gan2d/plane_drills.h"
#include "apps/support/gan2d/plane_gan.h"
#include "tests/support.h"

using namespace duel;

namespace {

std::vector<const Drill*> all_drills() {
  std::vector<const Drill*> all;
  for (const auto* list : {&plane_drills(), &image_drills()})
    for (const Drill& drill : *list) all.push_back(&drill);
  return all;
}

void check(const Drill& drill, const DrillSeed& s) {
  const std::string what = fmt::format("{}, seed {}: {} with the fault, {} mended", drill.name, s.seed, s.with_fault, s.mended);
  CHECK_MESSAGE(drill.shows(s.with_fault), what);
  CHECK_MESSAGE(!drill.shows(s.mended), what);
  if (drill.finding.empty()) return;
  CHECK_MESSAGE(says(s.said_of_fault, drill.finding), what);
  CHECK_MESSAGE(!says(s.said_of_mended, drill.finding), what);
}

}  // namespace

TEST_CASE("every drill that takes a moment shows its fault, and mended does not") {
  const std::set<std::string> quick{"vanishing-gradient", "labels-above-one", "cut-gradient",
                                    "checkerboard",       "mixed-batch",      "penalised-batch-norm"};
  size_t ran = 0;
  for (const Drill* drill : all_drills())
    if (quick.contains(drill->name)) check(*drill, run_drill(*drill, 1)), ++ran;
  CHECK(ran == quick.size());
}

TEST_CASE("numbers are known for five seeds of every drill, on the right sides of its bound") {
  for (const Drill* drill : all_drills()) {
    CAPTURE(drill->name);
    REQUIRE(drill->with_fault.size() == 5);
    REQUIRE(drill->with_mend.size() == 5);
    for (size_t i = 0; i < 5; ++i) {
      CHECK(drill->shows(drill->with_fault[i]));
      CHECK_FALSE(drill->shows(drill->with_mend[i]));
    }
  }
}

TEST_CASE("a GAN that cannot see its labels' fault is refused; only a drill goes around the check") {
  Gan2dSettings s;
  s.smooth = -0.05;  // labels of 1.05
  CHECK_THROWS_WITH_AS(s.check(), doctest::Contains("--smooth"), Error);
  GanObjective objective = Gan2dSettings().objective();
  objective.real_is = 1.05;
  CHECK_THROWS_AS(check_objective(objective, Gan2dSettings().network()), Error);
}

TEST_CASE("what a drill prints: both numbers of each seed beside those measured before, how often the fault shows, and the doctor's word") {
  const Drill& drill = find_drill(plane_drills(), "mode-collapse");
  const std::vector<DrillSeed> seeds{{1, 2, 8, {{"collapse", "It has collapsed; try more."}}, {}}, {9, 4, 3, {}, {{"collapse", "No."}}}};
  const std::string text = text_of(drill, seeds);
  CHECK(text.find(fmt::format("{:>6}  {:>14}  {:>10}  {:>14}  {:>10}\n", 1, 2, drill.with_fault[0], 8, drill.with_mend[0])) !=
        std::string::npos);
  CHECK(text.find(fmt::format("{:>6}  {:>14}  {:>10}  {:>14}  {:>10}\n", 9, 4, "-", 3, "-")) != std::string::npos);
  CHECK(text.find("at most 3: in 1 of 2 seeds with it, in 1 without it") != std::string::npos);
  CHECK(text.find("The doctor says \"collapse\" in 1 of 2 seeds with the fault, in 1 without it.\n  It has collapsed; try more.\n") !=
        std::string::npos);
  CHECK_THROWS_AS(find_drill(plane_drills(), "collapse"), Error);
}

TEST_SUITE("long") {
  TEST_CASE("four of five seeds show each fault, four of five are mended, and the doctor tells them apart, in under a minute a seed") {
    for (const Drill* drill : all_drills()) {
      std::vector<DrillSeed> seeds;
      int shown = 0, mended = 0, named = 0, cleared = 0;
      for (int64_t seed = 1; seed <= 5; ++seed) {
        const auto start = std::chrono::steady_clock::now();
        seeds.push_back(run_drill(*drill, seed));
        CHECK(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < 60);
        const DrillSeed& s = seeds.back();
        shown += drill->shows(s.with_fault), mended += !drill->shows(s.mended);
        named += says(s.said_of_fault, drill->finding), cleared += !says(s.said_of_mended, drill->finding);
      }
      fmt::print("{}\n", text_of(*drill, seeds));
      CHECK_MESSAGE(shown >= 4, drill->name);
      CHECK_MESSAGE(mended >= 4, drill->name);
      if (drill->finding.empty()) continue;
      CHECK_MESSAGE(named >= 4, drill->name);
      CHECK_MESSAGE(cleared >= 4, drill->name);
    }
  }
}
