#include "kernels/sim/matrix.h"

#include <bit>
#include <cstring>

namespace duel::sim {
namespace {

float from_bf16(uint32_t bits) { return std::bit_cast<float>(bits << 16); }
float from_f16(uint32_t bits) {
  const uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, fraction = bits & 0x3ffu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  if (exponent) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float tiny = static_cast<float>(fraction) * 0x1p-24f;
  return sign ? -tiny : tiny;
}
float from_tf32(uint32_t bits) { return std::bit_cast<float>(bits & 0xffffe000u); }  // the lower 13 bits are ignored

struct Operands {
  float* d;
  const uint32_t *a, *b;
};

// Lane 4g + t holds the elements (g, 2t), (g, 2t + 1), (g + 8, 2t) and (g + 8, 2t + 1) of D.
template <int depth>
void multiply(void* const (&lanes)[32], const float (&a)[16][depth], const float (&b)[depth][8]) {
  float sum[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    const float* d = static_cast<const Operands*>(lanes[lane])->d;
    for (int i = 0; i < 4; ++i) sum[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2] = d[i];
  }
  for (int k = 0; k < depth; ++k)
    for (int m = 0; m < 16; ++m)
      for (int n = 0; n < 8; ++n) sum[m][n] += a[m][k] * b[k][n];
  for (int lane = 0; lane < 32; ++lane) {
    float* d = static_cast<const Operands*>(lanes[lane])->d;
    for (int i = 0; i < 4; ++i) d[i] = sum[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
  }
}

// Two 16-bit elements a register: register i of A holds row g + 8·(i % 2), columns 2t + 8·(i / 2) and the next; of B rows 2t + 8i and the
// next of column g.
template <float element(uint32_t)>
void multiply_16(void* const (&lanes)[32]) {
  float a[16][16], b[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    const Operands& own = *static_cast<const Operands*>(lanes[lane]);
    const int g = lane / 4, t = lane % 4;
    for (int i = 0; i < 4; ++i)
      for (int half = 0; half < 2; ++half) a[g + i % 2 * 8][2 * t + i / 2 * 8 + half] = element(own.a[i] >> (16 * half) & 0xffffu);
    for (int i = 0; i < 2; ++i)
      for (int half = 0; half < 2; ++half) b[2 * t + 8 * i + half][g] = element(own.b[i] >> (16 * half) & 0xffffu);
  }
  multiply<16>(lanes, a, b);
}
// One element a register: register i of A is (g + 8·(i % 2), t + 4·(i / 2)), of B (t + 4i, g).
void multiply_tf32(void* const (&lanes)[32]) {
  float a[16][8], b[8][8];
  for (int lane = 0; lane < 32; ++lane) {
    const Operands& own = *static_cast<const Operands*>(lanes[lane]);
    const int g = lane / 4, t = lane % 4;
    for (int i = 0; i < 4; ++i) a[g + i % 2 * 8][t + i / 2 * 4] = from_tf32(own.a[i]);
    for (int i = 0; i < 2; ++i) b[t + 4 * i][g] = from_tf32(own.b[i]);
  }
  multiply<8>(lanes, a, b);
}

constexpr WarpInstruction products[] = {
    {"mma_bf16()", multiply_16<from_bf16>}, {"mma_f16()", multiply_16<from_f16>}, {"mma_tf32()", multiply_tf32}};

// A matrix is 8 rows of 8 elements of 16 bits. Register i of lane 4g + t holds row g, columns 2t and 2t + 1 of matrix i; transposed, column
// g, rows 2t and 2t + 1. Row r of matrix i is lane 8i + r's.
struct Exchange {
  uint32_t* fragments;
  MatrixRow* row;
};
template <int count, bool transposed, bool store>
void exchange(void* const (&lanes)[32]) {
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < count; ++i) {
      uint32_t& fragment = static_cast<const Exchange*>(lanes[lane])->fragments[i];
      for (int half = 0; half < 2; ++half) {
        const int g = lane / 4, e = lane % 4 * 2 + half, row = transposed ? e : g, column = transposed ? g : e;
        uint32_t& word = static_cast<const Exchange*>(lanes[8 * i + row])->row->word[column / 2];
        uint32_t& from = store ? fragment : word;
        uint32_t& to = store ? word : fragment;
        const int from_shift = 16 * (store ? half : column % 2), to_shift = 16 * (store ? column % 2 : half);
        to = (to & ~(0xffffu << to_shift)) | (from >> from_shift & 0xffffu) << to_shift;
      }
    }
}
template <bool store>
const WarpInstruction& exchange_of(int count, bool transposed) {
  constexpr const char* name = store ? "stmatrix()" : "ldmatrix()";
  static constexpr WarpInstruction all[] = {{name, exchange<1, false, store>}, {name, exchange<1, true, store>},
                                            {name, exchange<2, false, store>}, {name, exchange<2, true, store>},
                                            {name, exchange<4, false, store>}, {name, exchange<4, true, store>}};
  return all[2 * (count / 2) + transposed];
}

}  // namespace

void mma(MatrixType type, float* d, const uint32_t* a, const uint32_t* b, Site site) {
  Operands mine{d, a, b};
  warp_together(products[static_cast<int>(type)], &mine, site);
}
void rows_to_fragments(uint32_t* fragments, const MatrixRow& row, int count, bool transposed, Site site) {
  MatrixRow copy = row;
  Exchange mine{fragments, &copy};
  warp_together(exchange_of<false>(count, transposed), &mine, site);
}
MatrixRow fragments_to_row(const uint32_t* fragments, int count, bool transposed, Site site) {
  MatrixRow row{};
  uint32_t copy[4];
  std::memcpy(copy, fragments, sizeof(uint32_t) * static_cast<size_t>(count));
  Exchange mine{copy, &row};
  warp_together(exchange_of<true>(count, transposed), &mine, site);
  return row;
}

}  // namespace duel::sim
