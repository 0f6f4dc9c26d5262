// Arithmetic that every device does alike: each operation rounded once, in the order written. Parameters are computed with it, so that a
// sample is rotated by the same bits wherever it is rotated.
#pragma once
#include "kernels/random/philox.h"

namespace duel {

struct Exact {
  float v = 0;
  Exact() = default;
  HD Exact(float value) : v(value) {}
  HD operator float() const { return v; }
  HD Exact operator-() const { return -v; }
  HD friend Exact operator+(Exact a, Exact b) { return add_rn(a.v, b.v); }
  HD friend Exact operator-(Exact a, Exact b) { return sub_rn(a.v, b.v); }
  HD friend Exact operator*(Exact a, Exact b) { return mul_rn(a.v, b.v); }
  HD friend Exact operator/(Exact a, Exact b) { return a.v / b.v; }  // division and square root are rounded once by themselves
};

HD inline float exact_floor(float x) {  // of |x| < 2³¹
  const float whole = static_cast<float>(static_cast<int32_t>(x));
  return whole > x ? sub_rn(whole, 1.f) : whole;
}
HD inline float exact_round(float x) { return exact_floor(add_rn(x, .5f)); }

// 2ˣ for |x| ≤ 126, within 2 units in the last place; beyond, the value at the end. The polynomial is Cephes' exp2f (Moshier).
HD inline float portable_exp2(float x) {
  x = x < -126.f ? -126.f : x > 126.f ? 126.f : x;
  const float whole = exact_round(x), r = sub_rn(x, whole);  // r in [−½, ½], exact
  float p = 1.535336188319500e-4f;
  p = add_rn(mul_rn(p, r), 1.339887440266574e-3f);
  p = add_rn(mul_rn(p, r), 9.618437357674640e-3f);
  p = add_rn(mul_rn(p, r), 5.550332471162809e-2f);
  p = add_rn(mul_rn(p, r), 2.402264791363012e-1f);
  p = add_rn(mul_rn(p, r), 6.931472028550421e-1f);
  p = add_rn(mul_rn(p, r), 1.f);
  return mul_rn(p, bits_float(static_cast<uint32_t>(static_cast<int32_t>(whole) + 127) << 23));
}

HD inline float portable_log2(float x) { return mul_rn(portable_log(x), 1.44269504f); }  // of a normal x > 0

// Sine and cosine of an angle in turns, exact at quarter turns.
HD inline void turns_sincos(float turns, float& sine, float& cosine) {
  const float part = sub_rn(turns, exact_floor(turns));  // [0, 1)
  portable_sincos(static_cast<uint32_t>(static_cast<uint64_t>(static_cast<double>(part) * 4294967296.0)), sine, cosine);
}

}  // namespace duel
