// Philox4x32-10: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). A counter of four words and a key of
// two give four words; there is no state. Here the counter is {element/4, sample, step, stream} and the key is the seed, so a number
// depends on what it is for, and on nothing else.
//
// From words to numbers: IEEE operations in a fixed order only (rounded.h), so that every device makes the same bits.
#pragma once
#include "kernels/random/rounded.h"

namespace duel {

struct PhiloxWords {
  uint32_t x, y, z, w;
};

HD inline PhiloxWords philox_round(PhiloxWords c, uint32_t key0, uint32_t key1) {
  const uint64_t p0 = uint64_t{0xD2511F53u} * c.x, p1 = uint64_t{0xCD9E8D57u} * c.z;
  return {static_cast<uint32_t>(p1 >> 32) ^ c.y ^ key0, static_cast<uint32_t>(p1), static_cast<uint32_t>(p0 >> 32) ^ c.w ^ key1,
          static_cast<uint32_t>(p0)};
}

HD inline PhiloxWords philox(PhiloxWords c, uint32_t key0, uint32_t key1) {
  constexpr uint32_t w0 = 0x9E3779B9u, w1 = 0xBB67AE85u;  // golden ratio and √3 − 1: the key of each round
  c = philox_round(c, key0, key1);  // written out: a loop here would stop the loop over counters from becoming vector code
  c = philox_round(c, key0 + 1 * w0, key1 + 1 * w1);
  c = philox_round(c, key0 + 2 * w0, key1 + 2 * w1);
  c = philox_round(c, key0 + 3 * w0, key1 + 3 * w1);
  c = philox_round(c, key0 + 4 * w0, key1 + 4 * w1);
  c = philox_round(c, key0 + 5 * w0, key1 + 5 * w1);
  c = philox_round(c, key0 + 6 * w0, key1 + 6 * w1);
  c = philox_round(c, key0 + 7 * w0, key1 + 7 * w1);
  c = philox_round(c, key0 + 8 * w0, key1 + 8 * w1);
  return philox_round(c, key0 + 9 * w0, key1 + 9 * w1);
}

// The four words for elements 4·block … 4·block + 3 of a sample.
HD inline PhiloxWords philox_words(uint64_t seed, uint32_t stream, uint32_t step, uint64_t sample, uint64_t block) {
  return philox({static_cast<uint32_t>(block), static_cast<uint32_t>(sample), step, stream}, static_cast<uint32_t>(seed),
                static_cast<uint32_t>(seed >> 32));
}

// [0, 1), multiples of 2⁻²⁴: exact.
HD inline float unit_float(uint32_t word) { return mul_rn(static_cast<float>(static_cast<int32_t>(word >> 8)), 0x1p-24f); }

// The word as a float, rounded once. (Two signed halves, because old vector units convert signed integers only.)
HD inline float word_float(uint32_t word) {
  return add_rn(mul_rn(static_cast<float>(static_cast<int32_t>(word >> 16)), 65536.f),
                static_cast<float>(static_cast<int32_t>(word & 0xffffu)));
}

// Natural logarithm of a normal u > 0, within 1 ulp or so. Reduction to m in [√½, √2) and the polynomial of Moshier's Cephes (logf).
HD inline float portable_log(float u) {
  const uint32_t shifted = float_bits(u) - 0x3f3504f3u;  // exponent of u/√½
  const float e = static_cast<float>(static_cast<int32_t>(shifted) >> 23);
  const float x = sub_rn(bits_float((shifted & 0x7fffffu) + 0x3f3504f3u), 1.f);
  const float z = mul_rn(x, x);
  float y = 7.0376836292e-2f;
  y = add_rn(mul_rn(y, x), -1.1514610310e-1f);
  y = add_rn(mul_rn(y, x), 1.1676998740e-1f);
  y = add_rn(mul_rn(y, x), -1.2420140846e-1f);
  y = add_rn(mul_rn(y, x), 1.4249322787e-1f);
  y = add_rn(mul_rn(y, x), -1.6668057665e-1f);
  y = add_rn(mul_rn(y, x), 2.0000714765e-1f);
  y = add_rn(mul_rn(y, x), -2.4999993993e-1f);
  y = add_rn(mul_rn(y, x), 3.3333331174e-1f);
  y = mul_rn(mul_rn(y, x), z);
  y = add_rn(y, mul_rn(e, -2.12194440e-4f));  // ln 2 in two parts, the first short enough that e times it is exact
  y = sub_rn(y, mul_rn(0.5f, z));
  return add_rn(add_rn(x, y), mul_rn(e, 0.693359375f));
}

// Sine and cosine of the angle 2π·word/2³². The quadrant comes off exactly, in integers; the rest is in [−π/4, π/4] (Cephes sinf, cosf).
HD inline void portable_sincos(uint32_t word, float& sine, float& cosine) {
  const uint32_t quadrant = (word + 0x20000000u) >> 30;
  const float x = mul_rn(static_cast<float>(static_cast<int32_t>(word - (quadrant << 30))), 0x1.921fb6p-30f);  // 2π/2³²
  const float z = mul_rn(x, x);
  float s = add_rn(mul_rn(-1.9515295891e-4f, z), 8.3321608736e-3f);
  s = add_rn(mul_rn(s, z), -1.6666654611e-1f);
  s = add_rn(mul_rn(mul_rn(s, z), x), x);
  float c = add_rn(mul_rn(2.443315711809948e-5f, z), -1.388731625493765e-3f);
  c = add_rn(mul_rn(c, z), 4.166664568298827e-2f);
  c = add_rn(sub_rn(mul_rn(mul_rn(c, z), z), mul_rn(0.5f, z)), 1.f);
  const uint32_t swap = 0u - (quadrant & 1u);  // all ones in the odd quadrants
  const uint32_t sb = float_bits(s), cb = float_bits(c);
  sine = bits_float(((cb & swap) | (sb & ~swap)) ^ ((quadrant & 2u) << 30));
  cosine = bits_float(((sb & swap) | (cb & ~swap)) ^ (((quadrant + 1u) & 2u) << 30));
}

// Two standard normals from two words: Box & Muller, "A note on the generation of random normal deviates" (1958).
HD inline void normal_pair(uint32_t radius_word, uint32_t angle_word, float& z0, float& z1) {
  const float u = add_rn(mul_rn(word_float(radius_word), 0x1p-32f), 0x1p-33f);  // (0, 1]
  const float radius = sqrt_rn(mul_rn(-2.f, portable_log(u)));
  float sine, cosine;
  portable_sincos(angle_word, sine, cosine);
  z0 = mul_rn(radius, cosine);
  z1 = mul_rn(radius, sine);
}

}  // namespace duel
