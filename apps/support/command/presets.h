// Settings by name: what was once trained to its end or near it, with its numbers and pictures in docs/runs/<program>-<name>/. One that has
// no such run is not listed; a test sees to it.
#pragma once
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/error.h"

namespace duel {

struct Preset {
  std::string program, name, about;
  nlohmann::ordered_json settings;  // those that differ from the program's defaults, by the names of their flags
};
const std::vector<Preset>& presets();

// The names of a program's presets, with a word on each, for --help; empty where it has none.
std::string presets_of(const std::string& program);
const Preset& find_preset(const std::string& program, const std::string& name);  // throws Error(usage), with the names there are

// The preset's settings over the defaults of S.
template <class S>
S settings_of(const Preset& preset) {
  S settings;
  size_t known = 0;
  settings.each([&](const char* name, auto& field, const char*, bool) {
    if (preset.settings.contains(name)) preset.settings.at(name).get_to(field), ++known;
  });
  if (known != preset.settings.size())
    fail(Failure::internal, fmt::format("preset {} of {} has a setting that the program does not know", preset.name, preset.program));
  return settings;
}

}  // namespace duel
