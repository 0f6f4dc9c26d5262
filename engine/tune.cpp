#include "engine/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

#include "engine/graph.h"
#include "engine/row_stand.h"
#include "kernels/rounding.h"

namespace duel {
namespace {

constexpr double shortest_round = 1e-3;  // below this a clock's own cost shows
constexpr int first_looks = 3, fewest_rounds = 5, most_rounds = 25;
constexpr double hopeless = 3;     // × the fastest of the first looks: such a row gets no more, unless rank would pick it
constexpr double worth = 0.97;     // of the first row's time: a gain below that is noise, and would change bits for nothing
constexpr uint64_t data_seed = 1;  // of what rows are timed on

TimedRow summed_up(const std::string& name, std::vector<double> looks) {
  std::sort(looks.begin(), looks.end());
  const size_t last = looks.size() - 1;
  return {name, looks[looks.size() / 2], looks[0], looks[last / 4], looks[last - last / 4]};
}

// Beyond doubt: what disturbs a measurement makes it longer, never shorter.
bool beats(const TimedRow& a, const TimedRow& b) {
  return a.seconds < worth * b.seconds && a.fastest < worth * b.fastest && a.upper < b.lower;
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

std::vector<const Row*> rivals(const char* op, const void* problem, Device device, bool baselines) {
  std::vector<const Row*> found;
  for (const Row& row : rows())
    if (row.device == device && !std::strcmp(row.op, op) && row.rank != reference_rank && row.rank != asked_rank &&
        (baselines || row.rank != baseline_rank) && !row_ruled_out(row) && row.supports(problem))
      found.push_back(&row);
  std::stable_sort(found.begin(), found.end(), [](const Row* a, const Row* b) { return a->rank > b->rank; });
  return found;
}

std::vector<TimedRow> time_rows(const OpInfo& op, const void* problem, const std::vector<const Row*>& rows, double seconds) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  size_t scratch = 0;
  for (const Row* row : rows) scratch = std::max(scratch, row->scratch(problem));
  RowStand stand(op, problem, rows.front()->device, scratch, data_seed);
  const auto look = [&](const Row& row, int calls, bool as_graph) { return stand.seconds(row, calls, as_graph); };
  std::vector<int> calls(rows.size(), 1);
  std::vector<double> estimates(rows.size(), infinite);
  for (size_t i = 0; i < rows.size(); ++i) try {
      look(*rows[i], 1, false);  // warm-up: lazy loading, primitives that are made once
      for (int j = 0; j < first_looks; ++j) estimates[i] = std::min(estimates[i], std::max(1e-9, look(*rows[i], 1, false)));
      calls[i] = std::clamp(static_cast<int>(std::ceil(shortest_round / estimates[i])), 1, 1000);
    } catch (const Error&) {  // it cannot win
      estimates[i] = infinite;
    }
  const double fastest = *std::min_element(estimates.begin(), estimates.end());
  std::vector<std::vector<double>> looks(rows.size());
  const double enough = now() + seconds * static_cast<double>(rows.size());
  for (int round = 0; round < most_rounds && (round < fewest_rounds || now() < enough); ++round)
    for (size_t i = 0; i < rows.size(); ++i)
      if (std::isfinite(estimates[i]) && (i == 0 || estimates[i] <= hopeless * fastest)) looks[i].push_back(look(*rows[i], calls[i], true));
  std::vector<TimedRow> timed;
  for (size_t i = 0; i < rows.size(); ++i)
    timed.push_back(looks[i].empty() ? TimedRow{rows[i]->name, estimates[i], estimates[i], estimates[i], infinite}
                                     : summed_up(rows[i]->name, looks[i]));
  return timed;
}

const TimedRow& winner_of(const std::vector<TimedRow>& rows) {
  const TimedRow* best = &rows.front();
  for (const TimedRow& row : rows)
    if (beats(row, rows.front()) && row.seconds < best->seconds) best = &row;
  return *best;
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
      return left_to_rank(op, problem, key);
    } catch (const std::bad_alloc&) {
      return left_to_rank(op, problem, key);
    }
    seconds_ += now() - begin;
  }
  const Row* row = *named();
  table_.emplace(key, row->name);
  off_rank_ += row != row_by_rank(op, problem, device_);
  return row;
}

// Noted as a winner is, so that the problem is asked about once, and every step runs it by the same row.
const Row* RowTuner::left_to_rank(const char* op, const void* problem, const std::string& key) {
  ++untimed_;
  const Row* row = row_by_rank(op, problem, device_);
  if (row) table_.emplace(key, row->name);
  return row;
}

}  // namespace duel
