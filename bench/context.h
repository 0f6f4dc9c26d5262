// What a measurement was taken on, in the shape of Google Benchmark's "context", so that its compare.py and plotters read our files.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "kernels/device.h"

namespace duel::bench {

// On a GPU with its clocks as they are now, under "gpu" (bench/gpu_state.h).
nlohmann::json context(Device device);  // throws Error(device) when it cannot be used
std::string commit();      // of the sources, "1a2b3c4d5e6f", with "+changes" where files differ from it; "unknown" outside a clone
std::string processor();   // the CPU's own name for itself
const char* build_type();  // Release, Debug …

// Timings of a build that is not optimised, or that carries sanitizers, mean nothing: throws Error(usage) in one.
void refuse_slow_build();

}  // namespace duel::bench
