// The commands of gan and cgan that look at a trained generator.
#pragma once
#include <utility>
#include <vector>

#include "apps/support/gan/settings.h"
#include "apps/support/run/ask.h"
#include "apps/support/train/command.h"

namespace duel {

struct GanAsk : Ask {
  std::string label;                 // class, by name or number; empty: every class in turn
  std::vector<std::string> classes;  // of a walk through labels
};

// Adds sample, interpolate, generate and export, and for a conditional GAN classes; each with the function that answers it and gives the
// exit code.
std::vector<std::pair<CLI::App*, int (*)(const GanAsk&)>> add_gan_questions(CLI::App& app, GanAsk& ask, bool conditional);

int gan_info(const InfoCommand<GanSettings>& command);

// The whole program.
int gan_main(int argc, char** argv, CLI::App& app, bool conditional);

}  // namespace duel
