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

std::vector<int> walked_classes(const char* flag, const std::vector<std::string>& given, const std::vector<std::string>& classes) {
  std::vector<int> way;
  for (const std::string& name : given) way.push_back(class_number(flag, name, classes));
  for (size_t k = 0; given.empty() && k < classes.size(); ++k) way.push_back(static_cast<int>(k));
  if (way.size() < 2) fail(Failure::usage, fmt::format("{}: a walk goes through at least two", flag));
  return way;
}

ClassWalk walk_through(const std::vector<int>& way, int steps, int classes) {
  ClassWalk walk;
  for (size_t leg = 0; leg + 1 < way.size(); ++leg)
    for (int i = 0; i < steps + (leg + 2 == way.size()); ++i) {
      const double t = static_cast<double>(i) / steps;
      std::vector<double> mix(static_cast<size_t>(classes), 0);
      mix[static_cast<size_t>(way[leg])] += 1 - t, mix[static_cast<size_t>(way[leg + 1])] += t;
      walk.shares.insert(walk.shares.end(), mix.begin(), mix.end()), ++walk.pictures;
    }
  return walk;
}

}  // namespace duel
