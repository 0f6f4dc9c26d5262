// Σ (a−b)² over floats, fast and the same everywhere.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>

namespace duel {
namespace distance_lanes {

// Four float lanes of the compiler's own vectors: the order of summation is written down here, whatever the instruction set.
using Lanes = float __attribute__((vector_size(16)));
constexpr int64_t lanes = 4, sums = 4, stride = lanes * sums;
constexpr int64_t block = 16 * stride;  // summed in float, 16 terms a lane, then carried on in double

inline Lanes load(const float* p) {
  Lanes v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

}  // namespace distance_lanes

// The difference is formed first: ‖a‖² + ‖b‖² − 2ab would lose all digits for near-duplicates, which are what is looked for. So equal rows
// are 0 apart, and a and b can change places.
inline double squared_distance(const float* a, const float* b, int64_t size) {
  using namespace distance_lanes;
  double total = 0;
  int64_t i = 0;
  while (i + stride <= size) {
    Lanes sum[sums] = {};
    const int64_t last = std::min(size, i + block) - stride;
    for (; i <= last; i += stride)
      for (int64_t s = 0; s < sums; s++) {
        const Lanes d = load(a + i + s * lanes) - load(b + i + s * lanes);
        sum[s] += d * d;
      }
    for (const Lanes& s : sum)
      for (int64_t l = 0; l < lanes; l++) total += static_cast<double>(s[l]);
  }
  for (; i < size; i++) {
    const double d = static_cast<double>(a[i]) - b[i];
    total += d * d;
  }
  return total;
}

}  // namespace duel
