// Classes as flags name them, and walks between them.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace duel {

// The number of the class that `given` names, by name or by number from 0. Throws Error(usage) with the flag and the classes there are.
int class_number(const char* flag, const std::string& given, const std::vector<std::string>& classes);

// Those of a walk from class to class; all of them, in their order, where none is named. Throws Error(usage) on fewer than two.
std::vector<int> walked_classes(const char* flag, const std::vector<std::string>& given, const std::vector<std::string>& classes);

// How much of each of `classes` classes each picture of a walk is, [pictures, classes]: `steps` from each class towards the next, and the
// last one.
struct ClassWalk {
  int64_t pictures = 0;
  std::vector<double> shares;
};
ClassWalk walk_through(const std::vector<int>& way, int steps, int classes);

}  // namespace duel
