#include "tests/row_values.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/any_type.h"

namespace duel::test {
double element(const Bytes& bytes, DType dtype, int64_t index) {
  double value = 0;
  with_type(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T stored;
    std::memcpy(&stored, bytes.data() + index * static_cast<int64_t>(sizeof(T)), sizeof(T));
    value = static_cast<double>(stored);
  });
  return value;
}

double root_mean_square(const Buffer& buffer, const Bytes& bytes) {
  double sum = 0;
  for (int64_t i = 0; i < buffer.count; ++i) {
    const double v = element(bytes, buffer.dtype, i);
    sum += v * v;
  }
  return buffer.count ? std::sqrt(sum / static_cast<double>(buffer.count)) : 0;
}

double tolerance(DType dtype, int reduction, double expected, double rms, double slack) {
  if (dtype == DType::u8) return 1;  // a conversion may round a half the other way
  if (dtype == DType::i32) return 0;
  const bool f64 = dtype == DType::f64;
  const double scale = reduction > 1 ? std::max(std::abs(expected), rms) : std::abs(expected);
  double allowed = (f64 ? 1e-12 : 1e-5) + (f64 ? 1e-13 : 1.3e-6) * std::sqrt(std::max(reduction, 1)) * scale;
  if (dtype == DType::bf16) allowed += bf16_rounding * std::abs(expected);
  return slack * allowed;
}

}  // namespace duel::test
