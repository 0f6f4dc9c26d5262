#include "apps/support/run/ask.h"

#include <fmt/format.h>

#include "apps/support/command/cli.h"
#include "apps/support/command/flags.h"
#include "apps/support/images/tiles.h"
#include "apps/support/run/checkpoint.h"
#include "kernels/error.h"

namespace duel {

std::string Ask::checkpoint() const { return checkpoint_path(from, which); }

CLI::App* add_ask(CLI::App& program, const char* name, const char* help, Ask& ask) {
  CLI::App* command = program.add_subcommand(name, help);
  command->add_option("from", ask.from, "run folder or checkpoint")->required();
  command->add_option("--device", ask.device, "cpu, cuda, sim, sim-checked or auto")->capture_default_str();
  return command;
}
void add_which(CLI::App& command, Ask& ask) {
  command.add_option("--which", ask.which, "checkpoint of a run folder: last, or best on the test images")->capture_default_str();
}
void add_picture(CLI::App& command, Ask& ask) { command.add_option("--out", ask.out, "PNG to write")->required(); }
void add_seed(CLI::App& command, Ask& ask, const char* of) {
  command.add_option("--seed", ask.seed, of)->capture_default_str()->check(fits_64_bits());
}
void add_grid(CLI::App& command, Ask& ask) {
  command.add_option("-n,--n", ask.n, "images")->capture_default_str();
  command.add_option("--columns", ask.columns, "images a row")->capture_default_str();
}
void add_walks(CLI::App& command, Ask& ask) {
  command.add_option("--rows", ask.rows, "walks")->capture_default_str();
  command.add_option("--steps", ask.steps, "images a walk")->capture_default_str();
}

void check_at_least(int64_t least, const char* flag, int64_t value) {
  if (value < least) fail(Failure::usage, fmt::format("{} {}: at least {}", flag, value, least));
}
void check_grid(const Ask& ask) {
  check_at_least(1, "--n", ask.n), check_at_least(1, "--columns", ask.columns);
  check_is_png(ask.out);
}
void check_walks(const Ask& ask) {
  check_at_least(1, "--rows", ask.rows), check_at_least(2, "--steps", ask.steps);
  check_is_png(ask.out);
}

}  // namespace duel
