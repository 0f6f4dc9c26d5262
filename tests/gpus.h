// Devices that run CUDA kernels, for tests that look at them: simulated ones and real ones are asked the same.
#pragma once
#include <vector>

#include "tests/support.h"

namespace duel::test {

// Of this machine and build, perhaps none. sim_checked goes sim's way, many times slower.
inline std::vector<Device> gpus() {
  std::vector<Device> usable;
  for (const Device device : {Device::sim, Device::cuda})
    if (why_not(device).empty()) usable.push_back(device);
  return usable;
}
constexpr const char* no_gpus = "neither the simulated GPU nor a GPU is there to run CUDA kernels";

// Says aloud, in a test case of its own, which of them is not there.
inline void skip_missing_gpus() {
  for (const Device device : {Device::sim, Device::cuda})
    if (const std::string why = why_not(device); !why.empty()) skip(why);
}

}  // namespace duel::test
