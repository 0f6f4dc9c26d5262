// Programs run as a person runs them: other processes, with their output and exit code.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/io/safetensors.h"

namespace duel::test {

struct Outcome {
  int code = 0;                // 128 + signal where one ended it
  std::string output, errors;  // stdout, stderr
};
Outcome run_process(const std::filesystem::path& program, const std::vector<std::string>& args,
                    const std::map<std::string, std::string>& environment = {});

// The arguments with flags and their values added; a flag that is there already gets the new value.
std::vector<std::string> with_flags(std::vector<std::string> args, const std::vector<std::string>& more);

// Starts the program, sends `signal` once `file` has at least `lines` lines (or the program is done), and waits for its end.
Outcome start_and_kill(const std::filesystem::path& program, const std::vector<std::string>& args, int signal,
                       const std::filesystem::path& file, int lines);

std::string contents_of(const std::filesystem::path& file);  // "" where there is none
// The tensors of a checkpoint as bytes, without the settings, which may differ in --steps.
std::map<std::string, std::vector<std::byte>> weights_of(const std::filesystem::path& checkpoint);

}  // namespace duel::test
