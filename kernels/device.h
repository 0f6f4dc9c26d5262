// Devices, and what a device must be able to do besides running rows. A backend lives in the library of its rows and registers itself when
// that library loads, so nothing above kernels/ names CUDA.
#pragma once
#include <cstddef>

#include "kernels/counts.h"

namespace duel {

// sim_checked is the simulated GPU again, with every access of a kernel looked at: slower, and it throws where sim would be silent.
enum class Device : int { cpu, cuda, sim, sim_checked };
constexpr Device devices[] = {Device::cpu, Device::cuda, Device::sim, Device::sim_checked};
constexpr bool is_simulated(Device d) { return d == Device::sim || d == Device::sim_checked; }
constexpr const char* name_of(Device d) {
  constexpr const char* names[] = {"cpu", "cuda", "sim", "sim-checked"};
  return names[static_cast<int>(d)];
}

constexpr size_t device_alignment = 256;  // of memory from allocate(); cudaMalloc's

struct Stream {
  void* handle = nullptr;
};  // cudaStream_t on cuda, unused elsewhere
struct Scratch {
  void* data = nullptr;
  size_t bytes = 0;
};  // device memory lent to a row for one call, aligned to device_alignment; contents undefined

// What declare() says of device memory: that no kernel may touch it, or that it holds nothing yet.
enum class Contents : int { forbidden, unwritten };

// Work is ordered by the backend's one stream; copies to and from the host are complete on return. Sizes in bytes. Functions that can fail
// throw Error(device) or Error(memory).
struct DeviceBackend {
  Device device;
  const char* (*problem)();         // nullptr when usable; else one sentence: why not, and what to do
  const char* (*description)();     // e.g. "NVIDIA H200, compute capability 9.0, driver 13.0"
  void* (*allocate)(size_t bytes);  // aligned to device_alignment at least
  void (*release)(void* data, size_t bytes);
  void (*copy_in)(void* device, const void* host, size_t bytes);
  void (*copy_out)(void* host, const void* device, size_t bytes);
  void (*copy)(void* to, const void* from, size_t bytes);  // within the device
  void (*fill)(void* device, int byte, size_t bytes);
  void (*synchronise)();
  Stream (*stream)();
  size_t (*free_memory)();
  // Recording a sequence of launches and playing it again. nullptr where a plain call is all there is.
  void (*capture_begin)();
  void* (*capture_end)();  // an executable graph
  void (*replay)(void* graph);
  void (*destroy_graph)(void* graph);
  // A named range around each row, for profilers. nullptr where there are none.
  void (*range_push)(const char* op, const char* variant);
  void (*range_pop)();
  // Time by the device's own clock: mark() notes a point of the stream, seconds_between() waits for both and forgets them. nullptr where
  // the host's clock around synchronise() is as good.
  void* (*mark)();
  double (*seconds_between)(void* from, void* to);
  // Tells a device that checks accesses what part of an allocation kernels may not touch or not read. nullptr where nothing is checked.
  void (*declare)(void* data, size_t bytes, Contents contents);
  // Counts memory instructions of every launch in between. nullptr where nothing is counted.
  void (*count_begin)(CountsVisitor visitor, void* user);
  void (*count_end)();
};

extern "C" void duel_register_backend(const DeviceBackend* backend);
const DeviceBackend* find_backend(Device device);  // nullptr: this build has none
const DeviceBackend& backend(Device device);       // throws Error(device) with the backend's own reason

}  // namespace duel
