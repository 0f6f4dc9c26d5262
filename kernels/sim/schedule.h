// The order in which blocks, warps and lanes get their turn.
#pragma once
#include <cstdint>

namespace duel::sim {

struct Schedule {
  enum class Kind { forward, reverse, random } kind = Kind::forward;
  uint64_t seed = 0;

  static Schedule from_environment();                           // DUEL_SIM_SCHEDULE; Error(usage) when it is not understood
  uint64_t block_at(uint64_t position, uint64_t blocks) const;  // a permutation of [0, blocks)

  // Fills order[0, threads): whole warps one after the other. `round` tells the draws of a random schedule apart.
  void order_lanes(uint16_t* order, int threads, uint64_t round) const;
  bool descending(uint64_t round) const;  // whether a warp's lanes go from the last to the first
};

}  // namespace duel::sim
