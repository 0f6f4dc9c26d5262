// Random choices on the host: which problem to try, what to fill a test's input with. Not for training; that is kernels/random/.
#pragma once
#include <cstddef>
#include <cstdint>

namespace duel {

// The output function of SplitMix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", 2014).
constexpr uint64_t mix64(uint64_t z) {
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

class Draw {
 public:
  explicit constexpr Draw(uint64_t seed) : state_(mix64(seed)) {}
  constexpr uint64_t next() { return mix64(state_ += 0x9e3779b97f4a7c15u); }
  constexpr int between(int low, int high) { return low + static_cast<int>(next() % static_cast<uint64_t>(high - low + 1)); }  // inclusive
  template <class T, size_t N>
  constexpr T of(const T (&choices)[N]) {
    return choices[next() % N];
  }
  constexpr bool chance(int one_in) { return next() % static_cast<uint64_t>(one_in) == 0; }

 private:
  uint64_t state_;
};

// A size that leaves residues: one below, at and above a tile and twice a tile, for the tiles in use, and primes. Small ones more often, so
// that a problem of several such sizes stays affordable.
constexpr int draw_size(Draw& draw) {
  constexpr int small[] = {1, 1, 2, 3, 4, 5};
  constexpr int edges[] = {7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 37, 63, 64, 65, 67, 127, 128, 129, 257};
  return draw.chance(2) ? draw.of(small) : edges[draw.next() % (draw.chance(2) ? 9 : sizeof edges / sizeof *edges)];
}

}  // namespace duel
