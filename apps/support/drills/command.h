// The commands `drill NAME` and `drills` of a program.
#pragma once
#include <string>
#include <vector>

#include "apps/support/command/cli.h"
#include "apps/support/drills/drill.h"

namespace duel {

class DrillCommands {
 public:
  DrillCommands(CLI::App& app, const std::vector<Drill>& drills);
  explicit operator bool() const;  // the command line asks for one of them
  int run() const;                 // the exit code

 private:
  std::string program_;
  const std::vector<Drill>& drills_;
  CLI::App *one_, *list_;
  std::string name_;
  std::vector<int64_t> seeds_{1, 2, 3, 4, 5};
};

}  // namespace duel
