#include "bench/gpu_state.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <memory>

namespace duel::bench {
namespace {

// As NVML's reference manual has them; every function returns 0 for success.
using Handle = void*;
constexpr int sm_clock = 1, memory_clock = 2, gpu_temperature = 0;
constexpr unsigned name_room = 96;

struct Nvml {
  std::unique_ptr<void, int (*)(void*)> loaded;
  explicit Nvml(const std::string& path) : loaded(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL), dlclose) {}
  // False where the library lacks the function, or the function fails.
  template <class... Given, class... Args>
  bool call(const char* name, int (*)(Given...), Args... args) const {
    const auto function = reinterpret_cast<int (*)(Given...)>(dlsym(loaded.get(), name));
    return function && function(args...) == 0;
  }
};
template <class... Given>
constexpr int (*takes)(Given...) = nullptr;

bool find(const Nvml& nvml, const std::string& wanted, Handle& found) {
  unsigned count = 0;
  if (!nvml.call("nvmlDeviceGetCount_v2", takes<unsigned*>, &count)) return false;
  for (unsigned i = 0; i < count; ++i) {
    char name[name_room] = {};
    if (nvml.call("nvmlDeviceGetHandleByIndex_v2", takes<unsigned, Handle*>, i, &found) &&
        nvml.call("nvmlDeviceGetName", takes<Handle, char*, unsigned>, found, &name[0], name_room) &&
        wanted.substr(0, wanted.find(',')) == name)
      return true;
  }
  return false;
}

}  // namespace

nlohmann::json gpu_state(const std::string& name, const std::string& library) {
  const Nvml nvml(library);
  if (!nvml.loaded) return {{"unknown", library + " is not there"}};
  if (!nvml.call("nvmlInit_v2", takes<>)) return {{"unknown", library + " does not start"}};
  nlohmann::json state = nlohmann::json::object();
  Handle gpu = nullptr;
  if (find(nvml, name, gpu)) {
    const auto note = [&](const char* key, double unit, const char* function, auto signature, auto... more) {
      if (unsigned value = 0; nvml.call(function, signature, gpu, more..., &value)) state[key] = value * unit;
    };
    constexpr auto clock = takes<Handle, int, unsigned*>;
    note("sm_MHz", 1, "nvmlDeviceGetClockInfo", clock, sm_clock);
    note("sm_highest_MHz", 1, "nvmlDeviceGetMaxClockInfo", clock, sm_clock);
    note("memory_MHz", 1, "nvmlDeviceGetClockInfo", clock, memory_clock);
    note("memory_highest_MHz", 1, "nvmlDeviceGetMaxClockInfo", clock, memory_clock);
    note("power_limit_W", 1e-3, "nvmlDeviceGetPowerManagementLimit", takes<Handle, unsigned*>);
    note("temperature_C", 1, "nvmlDeviceGetTemperature", clock, gpu_temperature);
  } else {
    state["unknown"] = library + " knows no " + name;
  }
  nvml.call("nvmlShutdown", takes<>);
  return state;
}

std::string gpu_state_text(const nlohmann::json& state) {
  if (state.contains("unknown")) return "clocks and power limit unknown: " + state["unknown"].get<std::string>();
  const auto number = [&](const char* key) { return state.contains(key) ? fmt::format("{:.0f}", state[key].get<double>()) : "?"; };
  return fmt::format("SM {} of {} MHz, memory {} of {} MHz, power limit {} W, {} °C", number("sm_MHz"), number("sm_highest_MHz"),
                     number("memory_MHz"), number("memory_highest_MHz"), number("power_limit_W"), number("temperature_C"));
}

}  // namespace duel::bench
