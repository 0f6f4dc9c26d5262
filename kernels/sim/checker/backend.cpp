// The checked simulated GPU as a device: its memory is the checker's arena.
#include <cstdio>
#include <cstring>

#include "kernels/capability.h"
#include "kernels/device.h"
#include "kernels/error.h"
#include "kernels/sim/checker/checker.h"

namespace duel {
namespace {

using sim::checker::Arena;

constexpr DeviceBackend checked_backend{
    .device = Device::sim_checked,
    .problem = []() -> const char* { return nullptr; },
    .description = [] { return "simulated GPU (checked mode)"; },
    .allocate = [](size_t bytes) { return Arena::instance().allocate(bytes); },
    .release = [](void* data, size_t) { Arena::instance().release(data); },
    .copy_in =
        [](void* device, const void* host, size_t bytes) {
          std::memcpy(device, host, bytes);
          Arena::instance().mark(device, bytes, sim::checker::written);
        },
    .copy_out = [](void* host, const void* device, size_t bytes) { std::memcpy(host, device, bytes); },
    .copy =
        [](void* to, const void* from, size_t bytes) {
          std::memmove(to, from, bytes);
          Arena::instance().copy_states(to, from, bytes);
        },
    .fill =
        [](void* device, int byte, size_t bytes) {
          std::memset(device, byte, bytes);
          Arena::instance().mark(device, bytes, sim::checker::written);
        },
    .synchronise = [] {},
    .stream = [] { return Stream{}; },
    .free_memory = [] { return Arena::instance().room(); },
    .declare =
        [](void* data, size_t bytes, Contents contents) {
          Arena::instance().mark(data, bytes, contents == Contents::forbidden ? sim::checker::forbidden : sim::checker::unwritten);
        },
    .count_begin = sim::checker::count_begin,
    .count_end = sim::checker::count_end,
};

// Static objects that hold device memory are destroyed before this one, which was registered first.
const struct Register {
  Register() {
    duel_register_backend(&checked_backend);
    duel_register_capability(Device::sim_checked, [] { return 90; });
  }
  ~Register() {
    if (const std::string leaks = Arena::instance().leaks(); !leaks.empty())
      std::fprintf(stderr, "[sim-checked] at exit %s\n", leaks.c_str());
  }
} registered;

}  // namespace
}  // namespace duel
