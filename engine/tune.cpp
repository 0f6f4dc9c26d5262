#include "engine/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/graph.h"
#include "engine/row_stand.h"

namespace duel {
namespace {

constexpr double shortest_round = 1e-3;  // below this a clock's own cost shows
constexpr int fewest_rounds = 3, most_rounds = 15;
constexpr double hopeless = 3;     // × the fastest first look: such a row gets no second one
constexpr double worth = 0.97;     // of the first row's time: a gain below that is noise, and would change bits for nothing
constexpr uint64_t data_seed = 1;  // of what rows are timed on

double middle(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

std::vector<const Row*> rivals(const char* op, const void* problem, Device device, bool baselines) {
  std::vector<const Row*> found;
  for (const Row& row : rows())
    if (row.device == device && !std::strcmp(row.op, op) && row.rank != reference_rank && (baselines || row.rank != baseline_rank) &&
        row.supports(problem))
      found.push_back(&row);
  std::stable_sort(found.begin(), found.end(), [](const Row* a, const Row* b) { return a->rank > b->rank; });
  return found;
}

std::vector<TimedRow> time_rows(const OpInfo& op, const void* problem, const std::vector<const Row*>& rows, double seconds) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  size_t scratch = 0;
  for (const Row* row : rows) scratch = std::max(scratch, row->scratch(problem));
  RowStand stand(op, problem, rows.front()->device, scratch, data_seed);
  std::vector<TimedRow> timed;
  std::vector<int> calls;
  double fastest = infinite;
  const auto look = [&](const Row& row, int calls, bool as_graph) { return stand.seconds(row, calls, as_graph); };
  for (const Row* row : rows) {
    timed.push_back({row->name, infinite});
    calls.push_back(1);
    try {
      look(*row, 1, false);  // warm-up: lazy loading, primitives that are made once
      const double once = std::max(1e-9, look(*row, 1, false));
      calls.back() = std::clamp(static_cast<int>(std::ceil(shortest_round / once)), 1, 1000);
      timed.back().seconds = calls.back() == 1 ? once : look(*row, calls.back(), true);
    } catch (const Error&) {  // it cannot win
    }
    fastest = std::min(fastest, timed.back().seconds);
  }
  std::vector<std::vector<double>> looks(rows.size());
  for (int round = 0; round < most_rounds; ++round)
    for (size_t i = 0; i < rows.size(); ++i) {
      const double rounds = std::max<double>(fewest_rounds, seconds / (calls[i] * timed[i].seconds));
      if (!(timed[i].seconds <= hopeless * fastest) || round >= rounds) continue;
      looks[i].push_back(look(*rows[i], calls[i], true));
    }
  for (size_t i = 0; i < rows.size(); ++i)
    if (!looks[i].empty()) timed[i].seconds = middle(looks[i]);
  return timed;
}

const TimedRow& winner_of(const std::vector<TimedRow>& rows) {
  const auto best = std::min_element(rows.begin(), rows.end(), [](const TimedRow& a, const TimedRow& b) { return a.seconds < b.seconds; });
  return best->seconds < worth * rows.front().seconds ? *best : rows.front();
}

RowTuner::RowTuner(Device device, RowTable table) : device_(device), table_(std::move(table)), installed_(*this) {
  for (const auto& [problem, row] : table_)
    if (!find_row(problem.substr(0, problem.find(' ')).c_str(), row.c_str(), device))
      fail(Failure::usage,
           fmt::format("the run was tuned: {} was run by the row {}, which this build lacks on {}; resume with the build it "
                       "was started with",
                       problem, row, name_of(device)));
}

void RowTuner::open(WinnerMemory& memory, const TuneOptions& options) { memory_ = &memory, options_ = options; }
void RowTuner::close() { memory_ = nullptr; }

std::string RowTuner::summary() const {
  std::string text = fmt::format("{} of {} problems run by another row than their rank's", off_rank_, table_.size());
  if (timed_) text += fmt::format(", {} timed in {:.1f} s", timed_, seconds_);
  if (remembered_) text += fmt::format(", {} remembered", remembered_);
  if (untimed_) text += fmt::format(", {} left to rank because memory did not suffice to time them", untimed_);
  return text;
}

const Row* RowTuner::choose(const char* op, const void* problem, Device device, const std::string& text) {
  if (device != device_) return nullptr;
  const std::string key = fmt::format("{} {}", op, text);
  const auto known = table_.find(key);
  if (known == table_.end()) return memory_ && !StepGraph::recording() ? tune(op, problem, key) : nullptr;
  const Row* row = find_row(op, known->second.c_str(), device);
  if (!row || !row->supports(problem))
    fail(Failure::usage,
         fmt::format("[{}] row {}, which was chosen by --tune, does not support {} in this build", op, known->second, text));
  return row;
}

const Row* RowTuner::tune(const char* op, const void* problem, const std::string& key) {
  const std::vector<const Row*> rows = rivals(op, problem, device_, options_.baselines);
  if (rows.size() < 2) return nullptr;
  std::string name = memory_->find(key);
  const auto named = [&] { return std::find_if(rows.begin(), rows.end(), [&](const Row* row) { return name == row->name; }); };
  if (named() != rows.end()) {
    ++remembered_;
  } else {
    const double begin = now();
    try {
      const std::vector<TimedRow> timed = time_rows(find_op(op), problem, rows, options_.seconds);
      const TimedRow& winner = winner_of(timed);
      if (!std::isfinite(winner.seconds)) return nullptr;  // none of them runs; the step will say why
      name = memory_->keep(key, winner, timed);
      if (named() == rows.end()) name = winner.name;
      ++timed_;
    } catch (const Error& error) {
      if (error.kind != Failure::memory) throw;
      ++untimed_;
      return nullptr;
    }
    seconds_ += now() - begin;
  }
  const Row* row = *named();
  table_.emplace(key, row->name);
  off_rank_ += row != row_by_rank(op, problem, device_);
  return row;
}

}  // namespace duel
