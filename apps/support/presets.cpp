#include "apps/support/presets.h"

#include <algorithm>

namespace duel {

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = {};
  return all;
}

std::string presets_of(const std::string& program) {
  std::string text;
  for (const Preset& p : presets())
    if (p.program == program) text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", p.name, p.about);
  return text;
}

const Preset& find_preset(const std::string& program, const std::string& name) {
  const auto found =
      std::find_if(presets().begin(), presets().end(), [&](const Preset& p) { return p.program == program && p.name == name; });
  if (found == presets().end()) fail(Failure::usage, fmt::format("--preset {}: there are {}", name, presets_of(program)));
  return *found;
}

}  // namespace duel
