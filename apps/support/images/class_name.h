// Classes as flags name them.
#pragma once
#include <string>
#include <vector>

namespace duel {

// The number of the class that `given` names, by name or by number from 0. Throws Error(usage) with the flag and the classes there are.
int class_number(const char* flag, const std::string& given, const std::vector<std::string>& classes);

}  // namespace duel
