#include "apps/support/images/class_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "kernels/error.h"

namespace duel {

int class_number(const char* flag, const std::string& given, const std::vector<std::string>& classes) {
  const auto named = std::find(classes.begin(), classes.end(), given);
  int number = static_cast<int>(named - classes.begin());
  const char* end = given.data() + given.size();
  if (named == classes.end() &&
      (std::from_chars(given.data(), end, number).ptr != end || given.empty() || number < 0 || number >= static_cast<int>(classes.size())))
    fail(Failure::usage,
         fmt::format("{} {}: neither a class nor the number of one, from 0; the classes are [{}]", flag, given, fmt::join(classes, ", ")));
  return number;
}

}  // namespace duel
