// Choosing rows by something other than their rank.
#pragma once
#include <string>

#include "kernels/registry.h"

namespace duel {

// Asked for each problem that no override decides, on the thread that installed it.
class RowChooser {
 public:
  virtual ~RowChooser() = default;
  // A row of that op and device that supports the problem; nullptr leaves the choice to rank.
  virtual const Row* choose(const char* op, const void* problem, Device device, const std::string& text) = 0;
};

// Installs a chooser until its end; of several the last one is asked.
class ScopedChooser {
 public:
  explicit ScopedChooser(RowChooser& chooser);
  ~ScopedChooser();
  ScopedChooser(const ScopedChooser&) = delete;

 private:
  RowChooser* outer_;
};

const Row* row_by_rank(const char* op, const void* problem, Device device);  // the reference included; nullptr: none supports it

// By an override with an exclamation mark, DUEL_VARIANT="conv2d_fwd:!winograd_6": neither rank nor time chooses the row.
bool row_ruled_out(const Row& row);

std::string row_asked_for(const char* op);  // its name: an override decides, whatever the problem; empty where none does

// While it lives, what this thread runs is not among rows_run(): rows that are only being timed.
class RowsUncounted {
 public:
  RowsUncounted();
  ~RowsUncounted();
  RowsUncounted(const RowsUncounted&) = delete;

 private:
  bool before_;
};

}  // namespace duel
