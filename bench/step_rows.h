// What one training step runs, row by row: how often, in how many launches and for how long.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>

namespace duel::bench {

// Runs the step once, not as a graph, and prints a line for each op, row and problem it ran: calls and launches. The same as JSON.
// `timed` runs it five times more, waits around each call, and adds the milliseconds that a step's calls took; the longest first.
nlohmann::json step_rows(const std::function<void()>& step, bool timed);

}  // namespace duel::bench
