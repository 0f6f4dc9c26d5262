// Matrix instructions, asynchronous copies and named barriers, against answers computed here. The same kernels run on a GPU where there is
// one. Of products: small integers must give the same bits everywhere; reals must lie within a bound, because a GPU's order of addition is
// its own.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "kernels/dtype.h"
#include "kernels/error.h"
#include "tests/kernels_for_tests/warp_probe.h"
#include "tests/sim_support.h"

namespace duel {
namespace {

using test::OnDevice;
using test::run;

uint32_t bits(float v) {
  uint32_t u;
  std::memcpy(&u, &v, 4);
  return u;
}
float small_integer(int i) { return static_cast<float>((i * 2654435761u >> 16) % 9) - 4; }
float real(int i) { return std::sin(static_cast<float>(i) * 0.73f) * std::exp2(static_cast<float>(i % 7 - 3)); }

// The bits of a half, of a value that it can hold or of one to be rounded to nearest even; normal results only.
uint16_t half_bits(float value) {
  if (value == 0) return std::signbit(value) ? 0x8000 : 0;
  const uint32_t u = bits(value), rounded = u + 0xfffu + (u >> 13 & 1u);
  return static_cast<uint16_t>((u >> 16 & 0x8000u) | (((rounded & 0x7fffffffu) - (112u << 23)) >> 13));
}
float half_value(uint16_t h) {
  const float magnitude = h & 0x7c00 ? std::ldexp(static_cast<float>(0x400 | (h & 0x3ff)), (h >> 10 & 31) - 25)
                                     : std::ldexp(static_cast<float>(h & 0x3ff), -24);
  return h & 0x8000 ? -magnitude : magnitude;
}
float tf32_value(float v) {
  const uint32_t u = (bits(v) + 0x1000u) & 0xffffe000u;
  float value;
  std::memcpy(&value, &u, 4);
  return value;
}

// `to` and `back`: from a float to the element that the instruction takes, and its value.
template <class Element, class To, class Back>
void check_product(Device device, const char* row, int depth, To to, Back back) {
  for (const auto& value : {small_integer, real}) {
    const bool exact = value == small_integer;
    std::vector<Element> a(static_cast<size_t>(16 * depth)), b(static_cast<size_t>(depth * 8));
    std::vector<float> c(16 * 8);
    for (size_t i = 0; i < a.size(); ++i) a[i] = to(value(static_cast<int>(i) + 3));
    for (size_t i = 0; i < b.size(); ++i) b[i] = to(value(static_cast<int>(i) + 1000));
    for (size_t i = 0; i < c.size(); ++i) c[i] = value(static_cast<int>(i) + 2000);
    OnDevice<Element> on_a(device, a), on_b(device, b);
    OnDevice<float> out(device, c);
    run<WarpProbe>(row, device, {}, {on_a.data(), on_b.data(), out.data()});
    out.fetch();
    for (int m = 0; m < 16; ++m)
      for (int n = 0; n < 8; ++n) {
        const size_t at = static_cast<size_t>(m * 8 + n);
        double sum = c[at], size = std::fabs(c[at]);
        for (int k = 0; k < depth; ++k) {
          const double product = static_cast<double>(back(a[static_cast<size_t>(m * depth + k)])) * back(b[static_cast<size_t>(k * 8 + n)]);
          sum += product, size += std::fabs(product);
        }
        CAPTURE(row);
        CAPTURE(m);
        CAPTURE(n);
        // A GPU cuts off instead of rounding, at the largest term's last bits: half an ulp a term would be too strict.
        if (exact) CHECK(out.host[at] == static_cast<float>(sum));
        else CHECK(std::fabs(out.host[at] - sum) <= (depth + 1) * size * 0x1p-23);
      }
  }
}
void check_bf16(Device device) {
  check_product<uint16_t>(
      device, "bf16_product", 16, [](float v) { return bf16(v).bits; },
      [](uint16_t h) {
        bf16 b;
        b.bits = h;
        return static_cast<float>(b);
      });
}
void check_f16(Device device) { check_product<uint16_t>(device, "f16_product", 16, half_bits, half_value); }
void check_tf32(Device device) {
  check_product<float>(
      device, "tf32_product", 8, [](float v) { return v; }, tf32_value);
}

// Halves that are subnormal, infinite and not numbers go through as what they are.
void check_f16_extremes(Device device) {
  std::vector<uint16_t> a(16 * 16, 0), b(16 * 8, 0);
  const uint16_t one = 0x3c00;
  const uint16_t rows[] = {0x0001, 0x83ff, 0x7bff, 0x7c00, 0x7e00, 0x8000};
  for (size_t m = 0; m < 6; ++m) a[m * 16] = rows[m];
  for (size_t n = 0; n < 8; ++n) b[n] = one;
  OnDevice<uint16_t> on_a(device, a), on_b(device, b);
  OnDevice<float> out(device, std::vector<float>(16 * 8, 0.0f));
  run<WarpProbe>("f16_product", device, {}, {on_a.data(), on_b.data(), out.data()});
  out.fetch();
  CHECK(out.host[0] == 0x1p-24f);
  CHECK(out.host[8] == -1023 * 0x1p-24f);
  CHECK(out.host[16] == 65504.0f);
  CHECK(std::isinf(out.host[24]));
  CHECK(std::isnan(out.host[32]));
  CHECK(out.host[40] == 0.0f);
}

void check_tf32_rounding(Device device) {
  const float inf = std::numeric_limits<float>::infinity(), largest = std::numeric_limits<float>::max();
  std::vector<float> in = {1.0f,
                           1 + 0x1p-11f,
                           1 + 0x1p-11f - 0x1p-23f,
                           -(1 + 3 * 0x1p-11f),
                           0.0f,
                           -0.0f,
                           inf,
                           -inf,
                           std::numeric_limits<float>::quiet_NaN(),
                           largest,
                           0x1p-149f,
                           0x1.ffep-127f};
  in.resize(32, 1.5f);
  OnDevice<float> a(device, in);
  OnDevice<uint32_t> out(device, std::vector<uint32_t>(32));
  run<WarpProbe>("tf32_rounding", device, {}, {a.data(), nullptr, out.data()});
  const std::vector<uint32_t> want = {0x3f800000u, 0x3f802000u, 0x3f800000u, 0xbf804000u, 0u,          0x80000000u,
                                      0x7f800000u, 0xff800000u, 0x7fffffffu, 0x7f800000u, 0x00000000u, 0x00800000u};
  out.fetch();
  for (size_t i = 0; i < want.size(); ++i) {
    CAPTURE(i);
    CHECK((out.host[i] & 0xffffe000u) == (want[i] & 0xffffe000u));  // the rest is ignored by the products
  }
}

// Element (row, column) of matrix `number` in 128 words, row-major.
uint16_t element(const std::vector<uint32_t>& words, size_t first, int number, int row, int column) {
  return static_cast<uint16_t>(words[first + static_cast<size_t>(number * 32 + row * 4 + column / 2)] >> (column % 2 * 16));
}
void check_matrix_moves(Device device) {
  std::vector<uint32_t> words(128);
  for (size_t i = 0; i < 128; ++i) words[i] = static_cast<uint32_t>(2 * i) | static_cast<uint32_t>(2 * i + 1) << 16;
  const int counts[] = {1, 2, 4};
  for (const bool transposed : {false, true}) {
    CAPTURE(transposed);
    OnDevice<uint32_t> a(device, words), loaded(device, std::vector<uint32_t>(224)), stored(device, std::vector<uint32_t>(224));
    run<WarpProbe>("matrix_loads", device, {32, transposed}, {a.data(), nullptr, loaded.data()});
    run<WarpProbe>("matrix_stores", device, {32, transposed}, {a.data(), nullptr, stored.data()});
    loaded.fetch(), stored.fetch();
    size_t first = 0, wrong = 0;
    for (const int count : counts) {
      for (int i = 0; i < count; ++i)
        for (int lane = 0; lane < 32; ++lane)
          for (int half = 0; half < 2; ++half) {
            const int g = lane / 4, e = lane % 4 * 2 + half, row = transposed ? e : g, column = transposed ? g : e;
            const size_t at = static_cast<size_t>(32 * i + lane);
            wrong += (loaded.host[first + at] >> (16 * half) & 0xffffu) != element(words, 0, i, row, column);
            wrong += (words[at] >> (16 * half) & 0xffffu) != element(stored.host, first, i, row, column);
          }
      first += static_cast<size_t>(32 * count);
    }
    CHECK(wrong == 0);
  }
}

void check_copies(Device device) {
  std::vector<float> in(1000);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i + 1);
  OnDevice<float> a(device, in), out(device, std::vector<float>(18 * 64));
  run<WarpProbe>("copies", device, {64}, {a.data(), nullptr, out.data()});
  out.fetch();
  size_t wrong = 0;
  for (size_t i = 0; i < 1024; ++i) wrong += out.host[i] != ((i ^ 1) < 1000 ? in[i ^ 1] : 0.0f);
  for (size_t i = 0; i < 64; ++i) {
    wrong += out.host[1024 + i] != in[i ^ 1 ^ 3];
    const size_t at = i ^ 1;
    wrong += out.host[1088 + i] != in[2 * (at / 2 ^ 5) + at % 2];
  }
  CHECK(wrong == 0);
}

void check_pipeline(Device device) {
  std::vector<float> in(512);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i);
  OnDevice<float> a(device, in), out(device, std::vector<float>(512));
  run<WarpProbe>("pipeline", device, {64}, {a.data(), nullptr, out.data()});
  out.fetch();
  size_t wrong = 0;
  for (size_t i = 0; i < 512; ++i) wrong += out.host[i] != in[i ^ 7] + 1;
  CHECK(wrong == 0);
}

constexpr test::GpuCheck checks[] = {{"mma_bf16", check_bf16},
                                     {"mma_f16", check_f16},
                                     {"mma_f16, extremes", check_f16_extremes},
                                     {"mma_tf32", check_tf32},
                                     {"to_tf32", check_tf32_rounding},
                                     {"ldmatrix and stmatrix", check_matrix_moves},
                                     {"copy_async", check_copies},
                                     {"named barriers", check_pipeline}};

TEST_CASE("warps and blocks do what the PTX ISA says, on both simulated GPUs and under every schedule") { test::check_simulated(checks); }

TEST_CASE("warps and blocks do the same on the GPU") {
  if (const std::string why = test::why_not(Device::cuda); !why.empty()) return test::skip(why);
  test::check_real(checks);
}

}  // namespace
}  // namespace duel
