// What one training step runs, row by row: how often, and in how many launches.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>

namespace duel::bench {

// Runs the step once, not as a graph, and prints a line for each op, row and problem it ran: calls and launches. The same as JSON.
nlohmann::json step_rows(const std::function<void()>& step);

}  // namespace duel::bench
