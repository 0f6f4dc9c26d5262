// Elementary functions in plain arithmetic: no branch, no table, no call, so that a loop over them vectorises on every processor, and the
// same text runs on every device. In f32 within 3 units in the last place over the whole range (exp and log within 1), with IEEE's results
// for infinities, NaN and denormals; in f64 they are the C library's.
//
// Argument reduction after Cody & Waite, "Software Manual for the Elementary Functions" (1980), and the atanh form of log after Tang,
// "Table-driven implementation of the logarithm function" (1990). The polynomials are minimax fits on the intervals named beside them.
#pragma once
#include <math.h>

#include <cstdint>

#include "kernels/dtype.h"

namespace duel::math {

HD inline uint32_t bits_of(float x) { return __builtin_bit_cast(uint32_t, x); }
HD inline float float_of(uint32_t bits) { return __builtin_bit_cast(float, bits); }

HD inline float infinity() { return float_of(0x7f800000u); }
HD inline float abs(float x) { return float_of(bits_of(x) & 0x7fffffffu); }
HD inline float with_sign_of(float magnitude, float sign) { return float_of(bits_of(magnitude) | (bits_of(sign) & 0x80000000u)); }

// eˣ = mantissa·2ᵏ with the mantissa in [√½, √2], for |x| < 2²⁰.
struct ExpParts {
  float mantissa;
  int32_t k;
};
HD inline ExpParts exp_parts(float x) {
  const float shifted = x * 1.44269504f + 12582912.f;  // 1.5·2²³: adding it rounds to an integer and leaves that in the low bits
  const float k = shifted - 12582912.f;
  const float r = (x - k * 0.693359375f) - k * -2.12194440e-4f;  // ln 2 in two parts, the first short enough for k·it to be exact
  float p = 1.98919814e-4f;                                      // (eʳ − 1 − r)/r² on |r| ≤ ln 2 / 2, within 1.5e-9
  p = p * r + 1.39345419e-3f;
  p = p * r + 8.33331002e-3f;
  p = p * r + 4.16664568e-2f;
  p = p * r + 1.66666667e-1f;
  p = p * r + 0.5f;
  return {(p * r) * r + r + 1.f, static_cast<int32_t>(bits_of(shifted) - 0x4b400000u)};
}
HD inline float power_of_two(int32_t k) { return float_of(static_cast<uint32_t>(k + 127) << 23); }  // −127 < k < 128

HD inline float exp(float x) {
  // Beyond these ends the result is 0 or ∞ anyway. NaN fails both comparisons and goes through.
  x = x < -104.f ? -104.f : x;
  x = x > 89.f ? 89.f : x;
  const ExpParts e = exp_parts(x);
  const int32_t half = e.k >> 1;  // in two halves: k reaches −150 and 128, which no single exponent holds
  return e.mantissa * power_of_two(half) * power_of_two(e.k - half);
}

// (2·atanh(s)/s − 2)/s² of z = s², on |s| ≤ 1/3 within 2e-10.
HD inline float atanh_tail(float z) {
  float p = 0.207876169f;
  p = p * z + 0.174647025f;
  p = p * z + 0.222647112f;
  p = p * z + 0.285703057f;
  p = p * z + 0.400000108f;
  return p * z + 0.666666667f;
}

// log(1 + f) for f in [√½ − 1, 1] = 2·atanh(s) with s = f/(2 + f), arranged so that f itself, which is exact, is the largest term.
HD inline float log1p_near(float f, float exponent = 0.f) {
  const float s = f / (2.f + f);
  const float z = s * s;
  const float half_square = 0.5f * f * f;
  const float tail = s * (half_square + z * atanh_tail(z)) + exponent * -2.12194440e-4f;
  return (tail - half_square) + f + exponent * 0.693359375f;
}

HD inline float log(float x) {
  const bool tiny = x < 1.17549435e-38f;                                   // denormals have no exponent to read: scale them by 2²⁵
  const uint32_t bits = bits_of(tiny ? x * 33554432.f : x) - 0x3f3504f3u;  // exponent 0 starts at √½
  const int32_t exponent = (static_cast<int32_t>(bits) >> 23) - (tiny ? 25 : 0);
  const float mantissa = float_of((bits & 0x7fffffu) + 0x3f3504f3u);  // in [√½, √2)
  float y = log1p_near(mantissa - 1.f, static_cast<float>(exponent));
  y = x == infinity() ? x : y;
  y = x == 0.f ? -infinity() : y;
  return x >= 0.f ? y : float_of(0x7fc00000u);  // negative, or NaN
}

HD inline float tanh(float x) {
  const float size = abs(x);
  const float z = x * x;
  float p = 2.29274482e-3f;  // (tanh(x)/x − 1)/x² on |x| < 0.625, within 1.6e-9
  p = p * z - 8.34394552e-3f;
  p = p * z + 2.17689187e-2f;
  p = p * z - 5.39592596e-2f;
  p = p * z + 1.33333036e-1f;
  p = p * z - 3.33333332e-1f;
  const float small = x + x * (z * p);
  const ExpParts e = exp_parts(2.f * (size > 10.f ? 10.f : size));  // beyond 9.02 the result is ±1
  const float large = with_sign_of(1.f - 2.f / (e.mantissa * power_of_two(e.k) + 1.f), x);
  return size < 0.625f ? small : large;
}

HD inline float sigmoid(float x) {
  const float e = exp(-abs(x));  // never overflows, and keeps the relative accuracy of very small results
  return (x < 0.f ? e : 1.f) / (1.f + e);
}

HD inline float softplus(float x) {
  const float tail = log1p_near(exp(-abs(x)));
  return (x > 0.f ? x : 0.f) + tail;
}

HD inline float sqrt(float x) { return ::sqrtf(x); }
HD inline float sin(float x) { return ::sinf(x); }
HD inline float cos(float x) { return ::cosf(x); }

HD inline double abs(double x) { return ::fabs(x); }
HD inline double exp(double x) { return ::exp(x); }
HD inline double log(double x) { return ::log(x); }
HD inline double tanh(double x) { return ::tanh(x); }
HD inline double sigmoid(double x) {
  const double e = ::exp(-::fabs(x));
  return (x < 0 ? e : 1.0) / (1.0 + e);
}
HD inline double softplus(double x) { return (x > 0 ? x : 0.0) + ::log1p(::exp(-::fabs(x))); }
HD inline double sqrt(double x) { return ::sqrt(x); }
HD inline double sin(double x) { return ::sin(x); }
HD inline double cos(double x) { return ::cos(x); }

}  // namespace duel::math
