// What the commands that look at a trained net are asked, and the flags that they share.
#pragma once
#include <string>

#include "apps/support/command/cli.h"

namespace duel {

// Each command has those flags that it understands.
struct Ask {
  std::string from, which = "last", device = "auto", out;
  int64_t n = 64, seed = 1;
  int columns = 8, rows = 8, steps = 10;

  std::string checkpoint() const;  // that `from` and `which` mean; throws Error(usage) or Error(data)
};

CLI::App* add_ask(CLI::App& program, const char* name, const char* help, Ask& ask);  // the subcommand, with `from` and --device
void add_which(CLI::App& command, Ask& ask);                                         // where checkpoints/best.safetensors is kept
void add_picture(CLI::App& command, Ask& ask);                                       // --out, a PNG
void add_seed(CLI::App& command, Ask& ask, const char* of);
void add_grid(CLI::App& command, Ask& ask);   // --n and --columns
void add_walks(CLI::App& command, Ask& ask);  // --rows and --steps

// Before the net is opened: throw Error(usage), naming the flag.
void check_grid(const Ask& ask);
void check_walks(const Ask& ask);
void check_at_least(int64_t least, const char* flag, int64_t value);

}  // namespace duel
