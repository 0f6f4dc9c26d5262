// From four words to four elements: the arithmetic of random_fill, shared by every row.
#pragma once
#include "kernels/random/philox.h"
#include "kernels/random/random.h"

namespace duel {

struct DrawnFour {
  float v[4];
};

// a and b as f32 once for all, so that no device converts or subtracts for itself.
struct DrawScale {
  float a, b, span, last;  // span = b − a; last: the largest float below b, for the rounding of a + span·u
};
inline DrawScale draw_scale(const RandomProblem& p) {
  const float a = static_cast<float>(p.a), b = static_cast<float>(p.b);
  return {a, b, b - a, b > a ? std::nextafter(b, a) : a};
}

struct UniformDraw {
  DrawScale s;
  HD float one(uint32_t word) const {
    const float y = add_rn(s.a, mul_rn(s.span, unit_float(word)));
    return y < s.last ? y : s.last;
  }
  HD DrawnFour operator()(PhiloxWords w) const { return {{one(w.x), one(w.y), one(w.z), one(w.w)}}; }
};
struct NormalDraw {
  DrawScale s;
  HD float scaled(float z) const { return add_rn(s.a, mul_rn(s.b, z)); }
  HD DrawnFour operator()(PhiloxWords w) const {
    float z0, z1, z2, z3;
    normal_pair(w.x, w.y, z0, z1);
    normal_pair(w.z, w.w, z2, z3);
    return {{scaled(z0), scaled(z1), scaled(z2), scaled(z3)}};
  }
};
struct BernoulliDraw {
  DrawScale s;
  HD float one(uint32_t word) const { return unit_float(word) < s.a ? 1.f : 0.f; }
  HD DrawnFour operator()(PhiloxWords w) const { return {{one(w.x), one(w.y), one(w.z), one(w.w)}}; }
};

// Coins that show 1 with probability p.
inline BernoulliDraw bernoulli_draw(double p) {
  DrawScale s{};
  s.a = static_cast<float>(p);
  return {s};
}

// Calls f with the functor of the problem's distribution.
template <class F>
void with_draw(const RandomProblem& p, F&& f) {
  const DrawScale s = draw_scale(p);
  if (p.distribution == Distribution::normal) f(NormalDraw{s});
  else if (p.distribution == Distribution::bernoulli) f(BernoulliDraw{s});
  else f(UniformDraw{s});
}

}  // namespace duel
