// How a step size falls over a run.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>

#include "apps/support/command/choice.h"

namespace duel {

enum class Schedule { constant, linear, cosine };  // the last two: to 0 at the end
constexpr const char* schedule_names[] = {"constant", "linear", "cosine"};

inline Schedule schedule_of(const std::string& name) { return choice<Schedule>("--schedule", name, schedule_names); }

// The factor of the step size after `step` of `total` steps.
inline double schedule_factor(Schedule schedule, int64_t step, int64_t total) {
  const double done = static_cast<double>(std::min(step, total)) / static_cast<double>(total);
  switch (schedule) {
    case Schedule::constant:
      return 1;
    case Schedule::linear:
      return 1 - done;
    case Schedule::cosine:
      return (1 + std::cos(std::numbers::pi * done)) / 2;
  }
  return 1;
}

}  // namespace duel
