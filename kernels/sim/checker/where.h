// Program counters as lines of source.
#pragma once
#include <cstdint>
#include <string>

namespace duel::sim::checker {

// "kernels/reduce/reduce_01_naive.cu:41": the kernel's line that led here, through whatever was inlined into it. Where the line itself is
// of another file, that follows: "…cu:41 (functions.h:17)"; a line of kernels/tile/ stands alone, because there a kernel's own line is one
// call for all. Wrappers (kernels/ptx/) are never named. `pc` is a return address: the call before it is meant.
std::string source_line(uintptr_t pc);

}  // namespace duel::sim::checker
