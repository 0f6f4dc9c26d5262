// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), for the host side of data: shuffling and synthetic
// pictures. The same numbers on every machine, which std::shuffle and std::distributions do not promise.
#pragma once
#include <cstdint>

namespace duel {

constexpr uint64_t splitmix(uint64_t x) {  // the output function: a bijection that mixes all bits
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

class SplitMix {
 public:
  // Streams of different (seed, a, b) have nothing to do with each other.
  explicit constexpr SplitMix(uint64_t seed, uint64_t a = 0, uint64_t b = 0)
      : state_(splitmix(splitmix(splitmix(seed + step) + a + step) + b + step)) {}
  constexpr uint64_t next() { return splitmix(state_ += step); }
  // Uniform in [0, n) for n ≥ 1, without bias: draws that would favour small numbers are thrown away.
  constexpr uint64_t below(uint64_t n) {
    const uint64_t reject = (0 - n) % n;  // 2^64 mod n
    for (;;)
      if (const uint64_t x = next(); x >= reject) return x % n;
  }
  constexpr float unit() { return static_cast<float>(next() >> 40) * 0x1p-24f; }  // [0, 1)
  constexpr float between(float low, float high) { return low + (high - low) * unit(); }

 private:
  static constexpr uint64_t step = 0x9e3779b97f4a7c15u;
  uint64_t state_;
};

}  // namespace duel
