#include "kernels/sim/schedule.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string>

#include "kernels/error.h"

namespace duel::sim {
namespace {

// SplitMix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", 2014), as a function of its counter.
uint64_t mix(uint64_t z) {
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace

Schedule Schedule::from_environment() {
  const char* text = std::getenv("DUEL_SIM_SCHEDULE");
  if (!text || !*text || !std::strcmp(text, "forward")) return {};
  if (!std::strcmp(text, "reverse")) return {Kind::reverse, 0};
  if (!std::strncmp(text, "random:", 7) && text[7] >= '0' && text[7] <= '9') {
    char* end = nullptr;
    const uint64_t seed = std::strtoull(text + 7, &end, 10);
    if (!*end) return {Kind::random, seed};
  }
  fail(Failure::usage, std::string("[sim] DUEL_SIM_SCHEDULE=") + text + " is not understood: give forward, reverse or random:SEED");
}

uint64_t Schedule::block_at(uint64_t position, uint64_t blocks) const {
  if (kind == Kind::forward) return position;
  if (kind == Kind::reverse) return blocks - 1 - position;
  uint64_t step = mix(seed) % blocks;  // a stride coprime to the number of blocks visits each once
  while (std::gcd(step, blocks) != 1) step = (step + 1) % blocks;
  return static_cast<uint64_t>((static_cast<__uint128_t>(position) * step + mix(seed + 1)) % blocks);
}

bool Schedule::descending(uint64_t round) const { return kind == Kind::reverse || (kind == Kind::random && (mix(seed ^ mix(round)) & 1)); }

void Schedule::order_lanes(uint16_t* order, int threads, uint64_t round) const {
  int warps[32];
  const int count = (threads + 31) / 32;
  for (int i = 0; i < count; ++i) warps[i] = kind == Kind::reverse ? count - 1 - i : i;
  if (kind == Kind::random)
    for (int i = count - 1; i > 0; --i)
      std::swap(warps[i], warps[mix(mix(seed ^ round) + static_cast<uint64_t>(i)) % static_cast<uint64_t>(i + 1)]);
  int at = 0;
  for (int i = 0; i < count; ++i) {
    const int first = warps[i] * 32, end = std::min(first + 32, threads);
    const bool down = descending(round * 32 + static_cast<uint64_t>(i));
    for (int lane = first; lane < end; ++lane) order[at++] = static_cast<uint16_t>(down ? first + end - 1 - lane : lane);
  }
}

}  // namespace duel::sim
