// Clocks and power limit of a GPU, by NVML (nvidia-smi's library), which is loaded when it is asked: no build and no CPU run needs it.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace duel::bench {

// Of the GPU of this name ("NVIDIA H200", or that and more behind a comma). What NVML does not say of it is left out. Where there is no
// NVML or no such GPU: {"unknown": why}.
nlohmann::json gpu_state(const std::string& name, const std::string& library = "libnvidia-ml.so.1");
std::string gpu_state_text(const nlohmann::json& state);  // "SM 1980 of 1980 MHz, memory 2619 of 2619 MHz, power limit 700 W, 41 °C"

}  // namespace duel::bench
