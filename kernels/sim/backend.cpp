// The simulated GPU as a device: its memory is the host's.
#include <omp.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "kernels/capability.h"
#include "kernels/device.h"
#include "kernels/error.h"

namespace duel {
namespace {

constexpr size_t alignment = device_alignment;
constexpr size_t large = size_t{64} << 20;

size_t free_memory() {
  std::ifstream info("/proc/meminfo");
  for (std::string line; std::getline(info, line);)
    if (size_t kib = 0; std::sscanf(line.c_str(), "MemAvailable: %zu kB", &kib) == 1) return kib << 10;
  return static_cast<size_t>(sysconf(_SC_AVPHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Every byte is 0xff, so floats that no kernel wrote are NaN, on each use of the memory and not only on its first.
void* allocate(size_t bytes) {
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment + (bytes == 0 ? alignment : 0);
  // Linux promises memory that it does not have and kills the process that touches it; so large requests ask first.
  void* data = bytes >= large && bytes > free_memory() ? nullptr : std::aligned_alloc(alignment, rounded);
  if (!data)
    fail(Failure::memory, "[sim] no host memory for " + std::to_string(bytes >> 20) + " MiB (" + std::to_string(free_memory() >> 20) +
                              " MiB are available): use a smaller batch");
  std::memset(data, 0xff, rounded);
  return data;
}

const char* description() {
  static const std::string text = "simulated GPU (plain mode, " + std::to_string(omp_get_max_threads()) + " host threads)";
  return text.c_str();
}

constexpr DeviceBackend sim_backend{
    .device = Device::sim,
    .problem = []() -> const char* { return nullptr; },
    .description = description,
    .allocate = allocate,
    .release = [](void* data, size_t) { std::free(data); },
    .copy_in = [](void* device, const void* host, size_t bytes) { std::memcpy(device, host, bytes); },
    .copy_out = [](void* host, const void* device, size_t bytes) { std::memcpy(host, device, bytes); },
    .copy = [](void* to, const void* from, size_t bytes) { std::memmove(to, from, bytes); },
    .fill = [](void* device, int byte, size_t bytes) { std::memset(device, byte, bytes); },
    .synchronise = [] {},  // a launch returns when its last block has
    .stream = [] { return Stream{}; },
    .free_memory = free_memory,
};

const struct Register {
  Register() {
    duel_register_backend(&sim_backend);
    duel_register_capability(Device::sim, [] { return 90; });
  }
} registered;

}  // namespace
}  // namespace duel
