// A data set with its rare classes filled up, written as a folder.
#pragma once
#include <string>

#include "apps/support/command/cli.h"

namespace duel {

struct BalanceAsk {
  std::string source, by = "oversample", from, filter, out, device = "auto";
  int neighbours = 5, surroundings = 10, size = 0;
  int64_t seed = 1, data_seed = 1;
  bool force = false;
};

void add_flags(CLI::App& command, BalanceAsk& ask);

// Writes a flat folder with labels.csv, the source's own images first, and balance.csv with what each new one was made of (which a
// synthetic picture's text says too), and prints how many there are of each class before and after. Throws Error(usage) where the method
// cannot fill a class, Error(data) where there are no classes, or the generator or the filter knows others.
int balance(const BalanceAsk& ask);

}  // namespace duel
