// How step sizes fall over a run: each schedule by hand, and that each optimiser of a GAN is given its own.
#include "apps/support/train/schedule.h"

#include <doctest/doctest.h>

#include "apps/support/classify/settings.h"
#include "apps/support/gan/settings.h"

using namespace duel;

namespace {

constexpr int64_t total = 12;

}  // namespace

TEST_CASE("each schedule at the first step, on the way, at the last one and beyond") {
  struct Value {
    int64_t done;
    double linear, cosine;
  };
  const double root2 = std::sqrt(2.0), root3 = std::sqrt(3.0);
  for (const Value& v : {Value{0, 1, 1},
                         {1, 11.0 / 12, 0.5 + (std::sqrt(6.0) + root2) / 8},  // cos 15°
                         {2, 10.0 / 12, 0.5 + root3 / 4},
                         {3, 0.75, 0.5 + root2 / 4},
                         {4, 2.0 / 3, 0.75},
                         {6, 0.5, 0.5},
                         {8, 1.0 / 3, 0.25},
                         {11, 1.0 / 12, 0.5 - (std::sqrt(6.0) + root2) / 8},
                         {12, 0, 0},
                         {13, 0, 0}}) {
    CAPTURE(v.done);
    CHECK(schedule_factor(Schedule::constant, v.done, total) == 1);
    CHECK(schedule_factor(Schedule::linear, v.done, total) == doctest::Approx(v.linear).epsilon(1e-12));
    CHECK(schedule_factor(Schedule::cosine, v.done, total) == doctest::Approx(v.cosine).epsilon(1e-12));
  }
}

TEST_CASE("a run's settings choose the schedule by its name, and others are refused") {
  ClassifySettings classify;
  classify.lr = 0.2;
  for (const auto& [name, at_4] : {std::pair{"constant", 0.2}, {"linear", 0.2 * 2 / 3}, {"cosine", 0.15}}) {
    classify.schedule = name;
    CHECK(classify.lr_at(4, total) == doctest::Approx(at_4).epsilon(1e-12));
    GanSettings gan;
    gan.schedule = name;
    CHECK(gan.rate_at(4, total) == doctest::Approx(at_4 / 0.2).epsilon(1e-12));
  }
  CHECK_THROWS_WITH_AS(schedule_of("step"), doctest::Contains("--schedule step: there are constant, linear, cosine"), Error);
}
