#include "bench/contest.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <string>

#include "kernels/draw.h"
#include "kernels/prepared.h"
#include "tests/row_check.h"

namespace duel::bench {
namespace {

constexpr size_t flushed_bytes = size_t{256} << 20;  // several times any cache that a row could be warm in
constexpr double shortest_round = 2e-3;              // below this a clock's own cost shows
constexpr int fewest_rounds = 7, most_rounds = 200;

double host_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

class Ring {
 public:
  Ring(const OpInfo& op, const ErasedCase& problem, const std::vector<Row>& rows, const ContestOptions& options)
      : op_(op), problem_(problem), options_(options), device_(backend(rows.front().device)), buffers_(op.buffers(problem.problem.get())) {
    size_t scratch = 0;
    for (const Row& row : rows) scratch = std::max(scratch, row.scratch(problem.problem.get()));
    scratch_.emplace(device_, scratch);  // the rows take turns in it
    if (options.cold) flushed_.emplace(device_, flushed_bytes);
    memory_.reserve(buffers_.size());
    for (size_t i = 0; i < buffers_.size(); ++i) {
      memory_.emplace_back(device_, buffers_[i].bytes());
      before_.push_back(buffers_[i].role == Role::out ? test::Bytes{}
                                                      : test::filled(buffers_[i], test::Values::reals, mix64(options.seed) + i, 4));
      if (buffers_[i].role != Role::out) memory_[i].write(before_[i]);
      if (buffers_[i].role != Role::inout) before_[i].clear();
      pointers_.push_back(buffers_[i].count ? memory_[i].data() : nullptr);
    }
    for (const Row& row : rows)
      if (const PreparedForm* form = find_prepared(row)) {
        PreparedCall prepared;
        op_.bind(problem.problem.get(), pointers_.data(),
                 [&](const void* args) { prepared = form->prepare(problem.problem.get(), args, device_.stream()); });
        if (prepared) prepared_.emplace(row.name, std::move(prepared));
      }
  }

  // Seconds of one call, on average over `iterations` of them.
  double round(const Row& row, int iterations, bool& captured) {
    for (size_t i = 0; i < buffers_.size(); ++i)
      if (buffers_[i].role == Role::inout) memory_[i].write(before_[i]);
    if (options_.cold) flushed_->poison(1);
    void* graph = captured ? capture(row, iterations) : nullptr;
    captured = graph != nullptr;
    device_.synchronise();
    const auto work = [&] {
      if (graph) device_.replay(graph);
      for (int i = 0; !graph && i < iterations; ++i) call(row);
    };
    double seconds = 0;
    if (device_.mark) {
      void* from = device_.mark();
      work();
      void* to = device_.mark();
      seconds = device_.seconds_between(from, to);
    } else {
      const double from = host_seconds();
      work();
      device_.synchronise();
      seconds = host_seconds() - from;
    }
    if (graph) device_.destroy_graph(graph);
    return seconds / iterations;
  }

  bool is_prepared(const Row& row) const { return prepared_.count(row.name) != 0; }
  bool can_capture() const { return device_.capture_begin && device_.replay; }

 private:
  void call(const Row& row) {
    if (const auto prepared = prepared_.find(row.name); prepared != prepared_.end()) return prepared->second();
    const void* problem = problem_.problem.get();
    const size_t bytes = row.scratch(problem);
    op_.bind(problem, pointers_.data(), [&](const void* args) {
      run_row(row, problem, args, {bytes ? scratch_->data() : nullptr, bytes}, device_.stream());
    });
  }

  void* capture(const Row& row, int iterations) {  // nullptr where the row cannot be captured
    device_.capture_begin();
    try {
      for (int i = 0; i < iterations; ++i) call(row);
      return device_.capture_end();
    } catch (const Error&) {
      try {
        device_.destroy_graph(device_.capture_end());
      } catch (const Error&) {  // the capture was already broken
      }
      return nullptr;
    }
  }

  const OpInfo& op_;
  const ErasedCase& problem_;
  const ContestOptions& options_;
  const DeviceBackend& device_;
  std::vector<Buffer> buffers_;
  std::vector<test::GuardedBuffer> memory_;
  std::vector<test::Bytes> before_;
  std::vector<void*> pointers_;
  std::optional<test::GuardedBuffer> scratch_, flushed_;
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
