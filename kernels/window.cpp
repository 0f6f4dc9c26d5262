#include "kernels/window.h"

#include <algorithm>

namespace duel {

int take_size(ProblemWords& words, const char* key, int standard) {
  auto it = words.integers.find(key);
  if (it == words.integers.end()) return standard;
  const int64_t value = it->second;
  if (value < 0 || value > (1 << 24)) fail(Failure::usage, "problem '" + words.source + "': " + key + " is out of range");
  words.integers.erase(it);
  return static_cast<int>(value);
}

void check_sizes(const ProblemWords& words, std::initializer_list<int> sizes) {
  for (int size : sizes)
    if (size < 1)
      fail(Failure::usage, "problem '" + words.source + "': every size must be at least 1, and the kernel must fit the padded image");
}

double useful_taps(int in, int out, int kernel, int stride, int before) {
  double taps = 0;
  for (int o = 0; o < out; ++o) {
    const int first = o * stride - before;
    taps += std::max(0, std::min(first + kernel, in) - std::max(first, 0));
  }
  return taps;
}

}  // namespace duel
