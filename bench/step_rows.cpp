#include "bench/step_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include "engine/row_watch.h"
#include "kernels/op.h"
#include "kernels/registry.h"

namespace duel::bench {
namespace {

constexpr int timed_steps = 5;

struct Ran {
  long calls = 0, launches = 0;
  double milliseconds = 0;  // of all calls of a step
};
using Rows = std::map<std::string, Ran>;  // by op, row and problem
std::string name_of(const Row& row, const std::string& problem) { return fmt::format("{}:{} {}", row.op, row.name, problem); }

struct Counting : RowWatch {
  Rows rows;
  long before_it = 0;
  void before(const Row&, const std::string&, std::span<const Touched>) override { before_it = launches(); }
  void after(const Row& row, const std::string& problem, std::span<const Touched>) override {
    Ran& ran = rows[name_of(row, problem)];
    ++ran.calls, ran.launches += launches() - before_it;
  }
};

struct Timing : RowWatch {  // each call by itself, with nothing else under way
  using Clock = std::chrono::steady_clock;
  Rows& rows;
  Clock::time_point began;
  explicit Timing(Rows& rows) : rows(rows) {}
  void before(const Row& row, const std::string&, std::span<const Touched>) override {
    backend(row.device).synchronise();
    began = Clock::now();
  }
  void after(const Row& row, const std::string& problem, std::span<const Touched>) override {
    backend(row.device).synchronise();
    rows[name_of(row, problem)].milliseconds += std::chrono::duration<double, std::milli>(Clock::now() - began).count() / timed_steps;
  }
};

}  // namespace

nlohmann::json step_rows(const std::function<void()>& step, bool timed) {
  Rows ran;
  {
    Counting counting;
    step();
    ran = std::move(counting.rows);
  }
  if (timed) {
    Timing timing(ran);
    for (int i = 0; i < timed_steps; ++i) step();
  }
  std::vector<std::pair<std::string, Ran>> sorted(ran.begin(), ran.end());
  if (timed)
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.second.milliseconds > b.second.milliseconds; });
  nlohmann::json rows = nlohmann::json::array();
  Ran all;
  const auto print = [&](const Ran& r, const std::string& name) {
    if (timed) fmt::print("{:>9.3f} ms ", r.milliseconds);
    fmt::print("{:>6} calls {:>6} launches{}{}\n", r.calls, r.launches, name.empty() ? "" : "  ", name);
  };
  for (const auto& entry : sorted) {
    const Ran& r = entry.second;
    print(r, entry.first);
    rows.push_back({{"name", entry.first}, {"calls", r.calls}, {"launches", r.launches}});
    if (timed) rows.back()["milliseconds"] = r.milliseconds;
    all.calls += r.calls, all.launches += r.launches, all.milliseconds += r.milliseconds;
  }
  print(all, "");
  return rows;
}

}  // namespace duel::bench
