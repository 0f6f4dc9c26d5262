// Finds the op where a NaN or an infinity is born, which may be many ops before a loss shows it.
//
//   CheckFinite finite("step 12");   // until it goes, each op throws Error(numeric) that wrote such a number, or was given one
//
// Everything that an op reads and writes is brought to the host and looked through, so it is slow: for finding out what went wrong.
#pragma once
#include "engine/row_watch.h"

namespace duel {

class CheckFinite : public RowWatch {
 public:
  explicit CheckFinite(std::string where) : where_(std::move(where)) {}
  void before(const Row& row, const std::string& problem, std::span<const Touched> touched) override;
  void after(const Row& row, const std::string& problem, std::span<const Touched> touched) override;

 private:
  std::string where_;
};

}  // namespace duel
