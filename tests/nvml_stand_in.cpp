// What a test loads in the place of libnvidia-ml: two GPUs, of which the second one tells its clocks and its power limit, and no
// temperature.
#include <cstdio>

namespace {

int first, second, started = 0;

}  // namespace

extern "C" {

int nvmlInit_v2() { return started++ ? 1 : 0; }
int nvmlShutdown() { return --started; }
int nvmlDeviceGetCount_v2(unsigned* count) { return *count = 2, 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** gpu) { return *gpu = index ? &second : &first, 0; }
int nvmlDeviceGetName(void* gpu, char* name, unsigned room) {
  return std::snprintf(name, room, "%s", gpu == &first ? "NVIDIA Old" : "NVIDIA New") < 0;
}
int nvmlDeviceGetClockInfo(void* gpu, int which, unsigned* mhz) { return *mhz = which == 1 ? 1500 : 2600, gpu == &first; }
int nvmlDeviceGetMaxClockInfo(void* gpu, int which, unsigned* mhz) { return *mhz = which == 1 ? 1980 : 2619, gpu == &first; }
int nvmlDeviceGetPowerManagementLimit(void* gpu, unsigned* milliwatts) { return *milliwatts = 700500, gpu == &first; }
}
