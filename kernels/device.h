// Devices, and what a device must be able to do besides running rows. A backend lives in the library of its rows and registers itself when
// that library loads, so nothing above kernels/ names CUDA.
#pragma once
#include <cstddef>

namespace duel {

enum class Device : int { cpu, cuda, sim };
constexpr const char* name_of(Device d) {
  constexpr const char* names[] = {"cpu", "cuda", "sim"};
  return names[static_cast<int>(d)];
}

struct Stream {
  void* handle = nullptr;
};  // cudaStream_t on cuda, unused elsewhere
struct Scratch {
  void* data = nullptr;
  size_t bytes = 0;
};  // device memory lent to a row for one call; contents undefined

// Work is ordered by the backend's one stream; copies to and from the host are complete on return. Sizes in bytes. Functions that can fail
// throw Error(device) or Error(memory).
struct DeviceBackend {
  Device device;
  const char* (*problem)();      // nullptr when usable; else one sentence: why not, and what to do
  const char* (*description)();  // e.g. "NVIDIA H200, compute capability 9.0, driver 13.0"
  void* (*allocate)(size_t bytes);
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
};

extern "C" void duel_register_backend(const DeviceBackend* backend);
const DeviceBackend* find_backend(Device device);  // nullptr: this build has none
const DeviceBackend& backend(Device device);       // throws Error(device) with the backend's own reason

}  // namespace duel
