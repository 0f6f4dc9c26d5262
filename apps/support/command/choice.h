// Flags whose value is one of a few words.
#pragma once
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "kernels/error.h"

namespace duel {

// The value whose name was given. Throws Error(usage) with the flag and the names there are.
template <class Enum, size_t count>
Enum choice(const char* flag, const std::string& name, const char* const (&names)[count]) {
  const auto found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names)) fail(Failure::usage, fmt::format("{} {}: there are {}", flag, name, fmt::join(names, ", ")));
  return static_cast<Enum>(found - std::begin(names));
}

}  // namespace duel
