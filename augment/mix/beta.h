// Beta(α, α) from Philox words, as G₁/(G₁ + G₂) of two Gamma(α) draws: Marsaglia & Tsang, "A simple method for generating gamma variables"
// (2000), which proposes d·v with v = (1 + z/√(9d))³, d = α − ⅓, and takes it with a probability above .95; below α = 1 their own remedy,
// Gamma(α) = Gamma(α + 1)·U^(1/α). Kept as logarithms: at α = .1 a draw may be 10⁻⁶⁰, and its share is still right.
//
// Each attempt has a counter of its own, and only IEEE operations in a fixed order are used, so that a draw is a pure function of
// (seed, stream, step, sample, first block), with the same bits on every device.
#pragma once
#include "kernels/random/philox.h"

namespace duel {

constexpr uint64_t gamma_attempts = 64;               // all of them refused: once in 10⁸³ draws
constexpr uint64_t beta_blocks = 2 * gamma_attempts;  // of four words that one draw may use

HD inline float unit_above_zero(uint32_t word) { return add_rn(mul_rn(word_float(word), 0x1p-32f), 0x1p-33f); }  // (0, 1]

// log of a Gamma(shape, 1) draw; shape > 0.
HD inline float log_gamma_draw(uint64_t seed, uint32_t stream, uint32_t step, uint64_t sample, uint64_t block, float shape) {
  const bool small = shape < 1.f;
  const float d = sub_rn(small ? add_rn(shape, 1.f) : shape, 0x1.555556p-2f), c = 1.f / sqrt_rn(mul_rn(9.f, d));
  float log_v = 0, boost = 0;
  for (uint64_t attempt = 0; attempt < gamma_attempts; ++attempt) {
    const PhiloxWords words = philox_words(seed, stream, step, sample, block + attempt);
    float z, unused;
    normal_pair(words.x, words.y, z, unused);
    const float root = add_rn(1.f, mul_rn(c, z));
    if (root <= 0.f) continue;
    const float v = mul_rn(root, mul_rn(root, root));
    const float proposed = portable_log(v);
    const float bound = add_rn(mul_rn(0.5f, mul_rn(z, z)), mul_rn(d, add_rn(sub_rn(1.f, v), proposed)));
    if (portable_log(unit_above_zero(words.z)) < bound) {
      log_v = proposed;
      if (small) boost = portable_log(unit_above_zero(words.w)) / shape;
      break;
    }
  }
  return add_rn(add_rn(portable_log(d), log_v), boost);
}

// eˣ for x ≤ 0, within 2 ulp or so, and 0 below −87. Cephes' polynomial (Moshier, expf), each operation rounded by itself.
HD inline float portable_exp(float x) {
  if (x < -87.f) return 0.f;
  const float shifted = add_rn(mul_rn(x, 1.44269504f), 12582912.f), k = sub_rn(shifted, 12582912.f);  // 1.5·2²³ rounds to an integer
  const float r = sub_rn(sub_rn(x, mul_rn(k, 0.693359375f)), mul_rn(k, -2.12194440e-4f));
  float y = 1.9875691500e-4f;
  y = add_rn(mul_rn(y, r), 1.3981999507e-3f);
  y = add_rn(mul_rn(y, r), 8.3334519073e-3f);
  y = add_rn(mul_rn(y, r), 4.1665795894e-2f);
  y = add_rn(mul_rn(y, r), 1.6666665459e-1f);
  y = add_rn(mul_rn(y, r), 5.0000001201e-1f);
  y = add_rn(add_rn(mul_rn(mul_rn(y, r), r), r), 1.f);
  return mul_rn(y, bits_float(static_cast<uint32_t>(static_cast<int32_t>(k) + 127) << 23));
}

// A draw of Beta(alpha, alpha), in [0, 1].
HD inline float beta_draw(uint64_t seed, uint32_t stream, uint32_t step, uint64_t sample, uint64_t block, float alpha) {
  const float t = sub_rn(log_gamma_draw(seed, stream, step, sample, block + gamma_attempts, alpha),
                         log_gamma_draw(seed, stream, step, sample, block, alpha));
  const float e = portable_exp(t < 0.f ? t : -t);
  return (t < 0.f ? 1.f : e) / add_rn(1.f, e);
}

}  // namespace duel
