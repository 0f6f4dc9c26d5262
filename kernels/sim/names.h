// How reports spell things.
#pragma once
#include <cstdio>
#include <string>

#include "kernels/sim/runtime.h"

namespace duel::sim {

inline std::string text_of(uint3 v) { return "(" + std::to_string(v.x) + "," + std::to_string(v.y) + "," + std::to_string(v.z) + ")"; }
inline std::string text_of(unsigned mask) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", mask);
  return text;
}
inline std::string text_of(Site site) { return std::string(site.file) + ":" + std::to_string(site.line); }

constexpr const char* name_of(Barrier kind) {
  constexpr const char* names[] = {"__syncthreads()", "__syncthreads_count()", "__syncthreads_and()", "__syncthreads_or()"};
  return names[static_cast<int>(kind)];
}
constexpr const char* name_of(Collective kind) {
  constexpr const char* names[] = {"__syncwarp",        "__shfl_sync",       "__shfl_up_sync",    "__shfl_down_sync",  "__shfl_xor_sync",
                                   "__ballot_sync",     "__any_sync",        "__all_sync",        "__reduce_add_sync", "__reduce_min_sync",
                                   "__reduce_max_sync", "__reduce_min_sync", "__reduce_max_sync", "__reduce_and_sync", "__reduce_or_sync",
                                   "__reduce_xor_sync", "__match_any_sync",  "__match_all_sync",  "together"};
  return names[static_cast<int>(kind)];
}

}  // namespace duel::sim
