#include "kernels/fill.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/any_type.h"
#include "kernels/draw.h"
#include "kernels/parallel.h"

namespace duel {
namespace {

float standard_normal(uint64_t bits) {                                 // Box & Muller (1958), from the two halves of the bits
  const float u = (static_cast<float>(bits >> 40) + 1.0f) * 0x1p-24f;  // (0, 1]
  const float v = static_cast<float>(bits & 0xffffff) * 0x1p-24f;
  return std::sqrt(-2.0f * std::log(u)) * std::cos(2.0f * std::numbers::pi_v<float> * v);
}

double one_value(const Buffer& b, Values values, uint64_t bits, int largest) {
  const auto between = [&](int64_t low, int64_t high) {
    return static_cast<double>(low + static_cast<int64_t>((bits >> 11) % (high - low + 1)));
  };
  const bool integers = values == Values::integers;
  switch (b.fill) {
    case Fill::zero:
      return 0;
    case Fill::index:
      return between(0, std::max<int64_t>(b.limit, 1) - 1);
    case Fill::count:
      return between(1, 9);
    case Fill::probability:
      if (!is_floating(b.dtype)) return between(0, 1);
      return integers ? between(1, 7) / 8 : (static_cast<double>(bits >> 40) + 0.5) * 0x1p-24;  // eighths add up exactly
    case Fill::positive:
      if (b.dtype == DType::u8) return between(1, integers ? 2 * largest : 255);
      if (b.dtype == DType::i32) return between(1, integers ? largest : 1000);
      return integers ? between(1, largest) : 0.1 + std::abs(standard_normal(bits));
    case Fill::normal:
      break;
  }
  if (b.dtype == DType::u8) return between(0, integers ? 2 * largest : 255);
  if (b.dtype == DType::i32) return integers ? between(-largest, largest) : between(-1000, 1000);
  return integers ? between(-largest, largest) : standard_normal(bits);
}

}  // namespace

std::vector<unsigned char> filled(const Buffer& buffer, Values values, uint64_t seed, int largest) {
  std::vector<unsigned char> bytes(buffer.bytes());
  const uint64_t key = mix64(seed);
  with_type(buffer.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* data = reinterpret_cast<T*>(bytes.data());
    parallel_chunks(buffer.count, [&](int64_t begin, int64_t end, int64_t) {
      for (int64_t i = begin; i < end; ++i)
        data[i] = static_cast<T>(one_value(buffer, values, mix64(key ^ static_cast<uint64_t>(i)), largest));
    });
  });
  return bytes;
}

}  // namespace duel
