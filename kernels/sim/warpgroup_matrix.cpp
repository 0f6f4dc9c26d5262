// What a product of a warpgroup reads, and what it makes of it (PTX ISA, "wgmma: shared memory matrix layout", "register fragments").
#include <bit>

#include "kernels/sim/warpgroup.h"

namespace duel::sim {

MatrixOperand MatrixOperand::decode(uint64_t bits, bool along_rows, int rows, int element) {
  const auto field = [&](int from) { return static_cast<uint32_t>(bits >> from & 0x3fffu) << 4; };
  constexpr int spans[] = {0, 128, 64, 32};
  return {field(0), field(16), field(32), spans[bits >> 62], along_rows, rows, element};
}

const char* MatrixOperand::problem() const {
  if (along_rows && element != 2) return "tf32 operands lie along k";
  if (!span) return nullptr;
  const uint32_t wide = static_cast<uint32_t>(span), period = 8 * wide, into = start % period;
  if (stride % period) return "its stride is no multiple of the swizzle's period";
  if (along_rows)
    return into               ? "it does not begin where the swizzle's period does"
           : leading % period ? "its leading offset is no multiple of the swizzle's period"
                              : nullptr;
  if (into >= wide) return "it begins within the eight rows of the swizzle's period";
  return into + 32 > wide ? "its 32 bytes of k run over the swizzle's span" : nullptr;
}

uint32_t MatrixOperand::chunk(int i) const {
  uint32_t at = start;
  if (along_rows) {
    const uint32_t piece = static_cast<uint32_t>(i) / 16, k = static_cast<uint32_t>(i) % 16, wide = static_cast<uint32_t>(span) / 16;
    if (!span) return at + k % 8 * 16 + k / 8 * leading + piece * stride;
    at += piece % wide * 16 + piece / wide * leading + k % 8 * 16 * wide + k / 8 * stride;
  } else {
    const uint32_t row = static_cast<uint32_t>(i) / 16 * 8 + static_cast<uint32_t>(i) % 8, half = static_cast<uint32_t>(i) / 8 % 2;
    if (!span) return at + row % 8 * 16 + row / 8 * stride + half * leading;
    at += row % 8 * static_cast<uint32_t>(span) + row / 8 * stride + half * 16;
  }
  return at ^ (at >> 7 & (static_cast<uint32_t>(span) / 16 - 1)) << 4;
}

namespace {

float value_of(WarpgroupType type, const char* at) {
  if (type == WarpgroupType::bf16) {
    uint16_t bits;
    std::memcpy(&bits, at, 2);
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  }
  uint32_t bits;
  std::memcpy(&bits, at, 4);
  return std::bit_cast<float>(bits & 0xffffe000u);  // tf32: the lower 13 bits are ignored
}

// to[k][row], rows ≤ 256.
void read(const MatrixOperand& m, WarpgroupType type, const char* shared, float (&to)[16][256]) {
  for (int i = 0; i < m.chunks(); ++i) {
    const char* at = shared + m.chunk(i);
    const int elements = 16 / m.element;
    for (int e = 0; e < elements; ++e) {
      const float v = value_of(type, at + e * m.element);
      if (m.along_rows) to[i % 16][i / 16 * 8 + e] = v;
      else to[i / 8 % 2 * elements + e][i / 16 * 8 + i % 8] = v;
    }
  }
}
// As mma's fragments: a warp has 16 rows.
void read_registers(const FlyingProduct& p, float (&to)[16][256]) {
  for (int thread = 0; thread < 128; ++thread)
    for (int i = 0; i < 4; ++i) {
      const uint32_t r = p.a_registers[thread][i];
      const int row = thread / 32 * 16 + thread % 32 / 4 + i % 2 * 8, t = thread % 4;
      if (p.what.type == WarpgroupType::tf32) {
        to[t + i / 2 * 4][row] = value_of(p.what.type, reinterpret_cast<const char*>(&r));
      } else {
        to[2 * t + i / 2 * 8][row] = std::bit_cast<float>(r << 16);
        to[2 * t + i / 2 * 8 + 1][row] = std::bit_cast<float>(r & 0xffff0000u);
      }
    }
}

}  // namespace

void multiply(const FlyingProduct& p, const char* shared, float* values) {
  static thread_local float a[16][256], b[16][256], sum[64][256];
  const int n = p.what.n, depth = p.what.type == WarpgroupType::bf16 ? 16 : 8;
  if (p.a_in_memory) read(p.a, p.what.type, shared, a);
  else read_registers(p, a);
  read(p.b, p.what.type, shared, b);
  const auto each = [&](auto f) {
    for (int thread = 0; thread < 128; ++thread)
      for (int i = 0; i < n / 2; ++i)
        f(values[thread * (n / 2) + i], sum[thread / 32 * 16 + thread % 32 / 4 + i / 2 % 2 * 8][i / 4 * 8 + thread % 4 * 2 + i % 2]);
  };
  each([&](float value, float& s) { s = p.what.add ? value : 0; });
  for (int m = 0; m < 64; ++m)
    for (int k = 0; k < depth; ++k) {
      const float x = a[k][m];
      for (int j = 0; j < n; ++j) sum[m][j] += x * b[k][j];
    }
  each([](float& value, float s) { value = s; });
}

}  // namespace duel::sim
