// What NVML says of a GPU, from a library that stands in for it.
#include <doctest/doctest.h>

#include "bench/gpu_state.h"

using namespace duel::bench;

TEST_CASE("clocks and power limit are those of the GPU that was named; what it does not tell is left out") {
  for (int again = 0; again < 2; ++again) {  // it was shut down in between
    const nlohmann::json state = gpu_state("NVIDIA New, compute capability 9.0, driver 13.0", DUEL_NVML_STAND_IN);
    const nlohmann::json expected{
        {"sm_MHz", 1500.0}, {"sm_highest_MHz", 1980.0}, {"memory_MHz", 2600.0}, {"memory_highest_MHz", 2619.0}, {"power_limit_W", 700.5}};
    CHECK(state == expected);
    CHECK(gpu_state_text(state) == "SM 1500 of 1980 MHz, memory 2600 of 2619 MHz, power limit 700 W, ? °C");
  }
}

TEST_CASE("a machine without the library, or without the GPU, is told in words") {
  CHECK(gpu_state("NVIDIA New", "libduel-no-such-nvml.so")["unknown"] == "libduel-no-such-nvml.so is not there");
  const std::string text = gpu_state_text(gpu_state("Another", DUEL_NVML_STAND_IN));
  CHECK(text.find("knows no Another") != std::string::npos);
}
