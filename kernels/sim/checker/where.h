// Program counters as lines of source.
#pragma once
#include <cstdint>
#include <string>

namespace duel::sim::checker {

// "kernels/reduce/reduce_01_naive.cu:41": the kernel's line that led here, through whatever was inlined into it. Where the line itself is
// of another file, that follows: "…cu:41 (ptx.h:172)". `pc` is a return address: the call before it is meant.
std::string source_line(uintptr_t pc);

}  // namespace duel::sim::checker
