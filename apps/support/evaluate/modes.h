// Which modes of a mixture in the plane the points of a file cover, whatever program drew them.
#pragma once
#include <string>

#include "apps/support/command/cli.h"

namespace duel {

struct ModesAsk {
  CLI::App* app = nullptr;
  std::string points, mixture = "ring";
  int modes = 8;
  double sigma = 0;
  bool json = false;
};
void add_modes(CLI::App& program, ModesAsk& ask);
// Prints it; the exit code. Throws Error(usage) on a mixture that is none, Error(data) on a file that holds no points.
int say_modes(const ModesAsk& ask);

}  // namespace duel
