// Rows chosen by their time on this machine, problem by problem, instead of by rank.
//
//   RowTuner tuner(device);
//   {
//     const OpenTuner open(tuner, memory, {});   // from here on each new problem is timed, or its winner remembered
//     step();
//   }                             // from here on nothing is timed: problems of the table run by their row, others by rank
//
// Rows are timed on buffers of their own, with a warm cache, so that nothing of the step is touched; rows that are only timed are not
// among rows_run(). Nothing is timed while a graph is being recorded. An override (DUEL_VARIANT) goes before the table.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "kernels/device.h"
#include "kernels/op.h"
#include "kernels/row_choice.h"

namespace duel {

// "conv2d_fwd n8h16w16c3k64r4u2pad1:f32" → "few_channels". Problems that only one row could run are not in it.
using RowTable = std::map<std::string, std::string>;

struct TimedRow {
  std::string name;
  double seconds = 0;  // a call, median; infinite where the row threw
  double fastest = 0, lower = 0,
         upper = 0;  // the least of all looks, and the quartiles; `upper` infinite where it was not looked at often enough to win
};

struct TuneOptions {
  bool baselines = false;  // libraries kept as a unit of measurement may win too
  double seconds = 0.1;    // spent on a row
};

// The rows of this device, reference left out, that support the problem; baselines where they are wanted. Highest rank first.
std::vector<const Row*> rivals(const char* op, const void* problem, Device device, bool baselines);
// Their times, in turns. Throws Error(memory) where the device cannot hold the problem a second time.
std::vector<TimedRow> time_rows(const OpInfo& op, const void* problem, const std::vector<const Row*>& rows, double seconds);
// The first, which rank would pick, unless others are faster beyond doubt, and then the fastest of them: by more than two looks at one row
// differ by, in the median and in the least, and with most looks under most of the first one's. So on a machine that is busy with other
// things, where times say little, rank decides.
const TimedRow& winner_of(const std::vector<TimedRow>& rows);

// Where winners are kept between runs.
class WinnerMemory {
 public:
  virtual ~WinnerMemory() = default;
  virtual std::string find(const std::string& problem) = 0;  // the row's name; "" where none is remembered
  // The name that counts from now on: an earlier winner stays, if it is one of the rows.
  virtual std::string keep(const std::string& problem, const TimedRow& winner, const std::vector<TimedRow>& rows) = 0;
};

class RowTuner final : public RowChooser {
 public:
  // Throws Error(usage) where the table names a row that this build lacks.
  explicit RowTuner(Device device, RowTable table = {});
  void open(WinnerMemory& memory, const TuneOptions& options);
  void close();
  const RowTable& table() const { return table_; }
  std::string summary() const;  // what open() … close() did, in a sentence part

  const Row* choose(const char* op, const void* problem, Device device, const std::string& text) override;

 private:
  const Row* tune(const char* op, const void* problem, const std::string& key);
  const Row* left_to_rank(const char* op, const void* problem, const std::string& key);

  Device device_;
  RowTable table_;
  ScopedChooser installed_;
  WinnerMemory* memory_ = nullptr;  // while it is open
  TuneOptions options_;
  int timed_ = 0, remembered_ = 0, untimed_ = 0, off_rank_ = 0;
  double seconds_ = 0;
};

// Open while it lives: a step that throws leaves no tuner behind that times on.
class OpenTuner {
 public:
  OpenTuner(RowTuner& tuner, WinnerMemory& memory, const TuneOptions& options) : tuner_(tuner) { tuner.open(memory, options); }
  ~OpenTuner() { tuner_.close(); }
  OpenTuner(const OpenTuner&) = delete;

 private:
  RowTuner& tuner_;
};

}  // namespace duel
