// What every main does around its own work: flags in, exit code out.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "kernels/device.h"

namespace CLI {
class App;
}

namespace duel {

// Parses the flags (adding --version), runs `body` and returns the exit code of the program. What goes wrong is one line on stderr,
// "<program>: <sentence>":
//   duel::Error → its kind; wrong flags → 2, naming the flag and the nearest one that exists; a filesystem_error → 3; bad_alloc → 5;
//   a reader that closed our output (head, a pager) → 141 as for any program, and no word; every other exception → 1.
// --help and --version print to stdout and return 0.
int run_main(int argc, const char* const* argv, CLI::App& app, const std::function<int()>& body);

// The flag of `app` (and of the subcommands in use) nearest to `typed`, such as "--steps" for "--stpes"; empty when none is near.
std::string nearest_flag(const CLI::App& app, const std::string& typed);

// The device that --device names, made the default one. Throws Error(usage) or Error(device).
Device use_device(const std::string& name);

// A setting as a flag "--name", its value now being the default; a bool's flag takes no value.
void add_setting(CLI::App& app, const std::string& name, bool& field, const char* help);
void add_setting(CLI::App& app, const std::string& name, int& field, const char* help);
void add_setting(CLI::App& app, const std::string& name, int64_t& field, const char* help);
void add_setting(CLI::App& app, const std::string& name, double& field, const char* help);
void add_setting(CLI::App& app, const std::string& name, std::string& field, const char* help);

// Whether the command line gave "--name"; false too where `app` has no such flag.
bool was_given(const CLI::App& app, const std::string& name);

// One line fit for a terminal: line breaks become spaces, other control characters are printed as \xNN.
std::string one_line(const std::string& text);

}  // namespace duel
