#include "bench/swap.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>

#include "bench/statistics.h"
#include "engine/graph.h"
#include "kernels/op.h"
#include "kernels/registry.h"

namespace duel::bench {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// One training, whose op is always run by one row; or, with an empty name, by whichever is picked.
struct Run {
  std::string variant;
  std::string why_not;  // it cannot
  std::optional<StepModel> model;
  std::unique_ptr<StepGraph> graph;
  std::vector<double> losses, seconds;
  bool uses_op = false;

  Run(const SwapOptions& o, const std::string& variant, Device device) : variant(variant) {
    try {
      const auto pinned = pin(o.op);
      model.emplace(make_step_model(o.model, o.step, device));
      graph = std::make_unique<StepGraph>(device, model->step);
      forget_rows_run();
      for (int i = 0; i < o.compared; ++i) (*graph)(), losses.push_back(model->loss());
      for (const Row* row : rows_run()) uses_op = uses_op || row->op == o.op;
    } catch (const Error& e) {
      why_not = e.what();
    }
  }
  std::unique_ptr<ScopedVariant> pin(const std::string& op) const {
    return variant.empty() ? nullptr : std::make_unique<ScopedVariant>(op + ":" + variant);
  }
  double seconds_per_step(const std::string& op, int steps, Device device) {
    const auto pinned = pin(op);
    const double start = now();
    for (int i = 0; i < steps; ++i) (*graph)();
    backend(device).synchronise();
    return (now() - start) / steps;
  }
};

double apart(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < a.size(); ++i) difference = std::max(difference, std::abs(a[i] - b[i])), size = std::max(size, std::abs(b[i]));
  return size > 0 ? difference / size : difference;
}

}  // namespace

Swapped swap_rows(const SwapOptions& o, Device device) {
  find_op(o.op);  // or says which ops there are
  std::vector<Run> runs;
  runs.emplace_back(o, "", device);
  if (!runs[0].why_not.empty()) fail(Failure::usage, runs[0].why_not);
  if (!runs[0].uses_op) fail(Failure::usage, fmt::format("--swap {}: a step of {} does not use it", o.op, o.model));
  std::string picked;
  for (const Row* row : rows_run())
    if (row->op == o.op) picked += (picked.empty() ? "" : ", ") + std::string(row->name);
  for (const Row& row : rows_of(o.op.c_str()))
    if (row.device == device && row.rank != reference_rank) runs.emplace_back(o, row.name, device);
  std::vector<int> steps;
  for (Run& run : runs)
    steps.push_back(run.why_not.empty() ? std::max(1, static_cast<int>(o.seconds / run.seconds_per_step(o.op, 1, device))) : 0);
  for (int round = 0; round < o.rounds; ++round)  // A B C A B C …
    for (size_t i = 0; i < runs.size(); ++i)
      if (steps[i]) runs[i].seconds.push_back(runs[i].seconds_per_step(o.op, steps[i], device));

  Swapped swapped{.results = nlohmann::json::array()};
  fmt::print("{:<28} {:>12} {:>8} {:>24}\n", o.op, "ms a step", "ratio", "losses apart, relative");
  for (const Run& run : runs) {
    const std::string name = run.variant.empty() ? fmt::format("as picked ({})", picked) : run.variant;
    const std::string what = run.variant.empty() ? "as picked" : run.variant;
    nlohmann::json line{{"name", fmt::format("{}/{}/{}", o.model, o.op, what)},
                        {"run_type", "aggregate"},
                        {"aggregate_name", "median"},
                        {"op", o.op},
                        {"row", run.variant},
                        {"picked", run.variant.empty() ? picked : ""}};
    if (run.why_not.empty()) {
      const Ratio ratio = ratio_of_medians(runs[0].seconds, run.seconds);
      const double difference = apart(run.losses, runs[0].losses);
      const bool too_far = !(difference <= o.tolerance);  // nor when it is not a number
      swapped.apart += too_far;
      fmt::print("{:<28} {:>12.2f} {:>7.2f}× {:>24.2e}{}\n", name, median(run.seconds) * 1e3, ratio.value, difference,
                 too_far ? fmt::format("  WRONG: more than {:g}", o.tolerance) : "");
      line.update({{"all_seconds", run.seconds},
                   {"iterations", run.seconds.size()},
                   {"real_time", median(run.seconds) * 1e3},
                   {"cpu_time", median(run.seconds) * 1e3},
                   {"time_unit", "ms"},
                   {"ratio_to_picked", {{"value", ratio.value}, {"low", ratio.low}, {"high", ratio.high}}},
                   {"losses", run.losses},
                   {"losses_apart", difference},
                   {"tolerance", o.tolerance},
                   {"too_far_apart", too_far}});
    } else {
      fmt::print("{:<28} {}\n", name, run.why_not);
      line["why_not"] = run.why_not;
    }
    swapped.results.push_back(std::move(line));
  }
  return swapped;
}

}  // namespace duel::bench
