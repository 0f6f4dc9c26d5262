#include "bench/contest.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>

#include "engine/row_stand.h"
#include "kernels/prepared.h"

namespace duel::bench {
namespace {

constexpr size_t flushed_bytes = size_t{256} << 20;  // several times any cache that a row could be warm in
constexpr double shortest_round = 2e-3;              // below this a clock's own cost shows
constexpr int fewest_rounds = 7, most_rounds = 200;

size_t most_scratch(const ErasedCase& problem, const std::vector<Row>& rows) {
  size_t bytes = 0;
  for (const Row& row : rows) bytes = std::max(bytes, row.scratch(problem.problem.get()));
  return bytes;
}

class Ring {
 public:
  Ring(const OpInfo& op, const ErasedCase& problem, const std::vector<Row>& rows, const ContestOptions& options)
      : stand_(op, problem.problem.get(), rows.front().device, most_scratch(problem, rows), options.seed) {
    if (options.cold) flushed_.emplace(flushed_bytes, rows.front().device);
    for (const Row& row : rows)
      if (const PreparedForm* form = find_prepared(row)) {
        PreparedCall prepared;
        op.bind(problem.problem.get(), stand_.pointers(),
                [&](const void* args) { prepared = form->prepare(problem.problem.get(), args, stand_.device().stream()); });
        if (prepared) prepared_.emplace(row.name, std::move(prepared));
      }
  }

  // Seconds of one call, on average over `iterations` of them.
  double round(const Row& row, int iterations, bool& captured) {
    const auto flush = [&] {
      if (flushed_) stand_.device().fill(flushed_->data(), 1, flushed_->bytes());
    };
    return stand_.seconds([&] { call(row); }, iterations, captured, flush);
  }

  // What one call starts, recorded and not run.
  std::vector<LaunchFacts> launches(const Row& row) {
    std::vector<LaunchFacts> found;
    const LaunchProbe* probe = find_launch_probe(row.device);
    if (!probe) return found;
    try {
      probe->begin();
      try {
        call(row);
      } catch (const Error&) {  // a library that cannot be recorded; what was begun is ended
        probe->end([](void*, const LaunchFacts&) {}, nullptr);
        return found;
      }
      probe->end([](void* to, const LaunchFacts& facts) { static_cast<std::vector<LaunchFacts>*>(to)->push_back(facts); }, &found);
    } catch (const Error&) {
      found.clear();
    }
    return found;
  }

  bool is_prepared(const Row& row) const { return prepared_.count(row.name) != 0; }
  bool can_capture() const { return stand_.can_capture(); }

 private:
  void call(const Row& row) {
    if (const auto prepared = prepared_.find(row.name); prepared != prepared_.end()) prepared->second();
    else stand_.call(row);
  }

  RowStand stand_;
  std::optional<Storage> flushed_;
  std::map<std::string, PreparedCall> prepared_;  // by row
};

}  // namespace

std::vector<Timing> contest(const OpInfo& op, const ErasedCase& problem, const std::vector<Row>& rows, const ContestOptions& options) {
  std::vector<Timing> timings(rows.size());
  if (rows.empty()) return timings;
  Ring ring(op, problem, rows, options);
  std::vector<int> rounds(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    Timing& t = timings[i];
    t.captured = false;
    t.prepared = ring.is_prepared(rows[i]);
    ring.round(rows[i], 1, t.captured);  // warm-up: lazy loading, primitives that are made once
    t.launches = ring.launches(rows[i]);
    t.estimate = std::max(1e-9, ring.round(rows[i], 1, t.captured));
    t.iterations = options.cold ? 1 : std::clamp(static_cast<int>(std::ceil(shortest_round / t.estimate)), 1, 10000);
    t.captured = ring.can_capture() && !options.cold;
    rounds[i] = std::clamp(static_cast<int>(options.seconds / (t.iterations * t.estimate)), fewest_rounds, most_rounds);
  }
  for (int round = 0; round < most_rounds; ++round)
    for (size_t i = 0; i < rows.size(); ++i)
      if (round < rounds[i]) timings[i].seconds.push_back(ring.round(rows[i], timings[i].iterations, timings[i].captured));
  return timings;
}

}  // namespace duel::bench
