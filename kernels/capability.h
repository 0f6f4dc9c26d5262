// Which compute capability a row needs. A row says what it runs on in supports(), and nowhere else; whoever wants to know puts another
// capability before it and asks again.
#pragma once
#include "kernels/device.h"

// What compute_capability() answers on this thread instead of the device's own; 0: nothing is pretended.
extern "C" int duel_pretended_capability();
// A backend of GPUs says what its device has: 90 for 9.0.
extern "C" void duel_register_capability(duel::Device device, int (*capability)());

namespace duel {

struct Row;

int device_capability(Device device);  // 90 for 9.0; 0: no GPU, or none that can be used

class PretendedCapability {
 public:
  explicit PretendedCapability(int capability);
  ~PretendedCapability();
  PretendedCapability(const PretendedCapability&) = delete;

 private:
  int before_;
};

// Those that CUDA 13 compiles for.
constexpr int known_capabilities[] = {75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121};

// The lowest and the highest of them under which a row takes the problem; both 0 where it takes it under none.
struct Capabilities {
  int lowest = 0, highest = 0;
  bool any() const { return lowest == *known_capabilities; }  // that there is
  bool hold(int capability) const { return lowest != 0 && lowest <= capability && (open() || capability <= highest); }
  bool open() const { return highest == known_capabilities[sizeof known_capabilities / sizeof *known_capabilities - 1]; }
};
Capabilities capabilities_of(const Row& row, const void* problem);

}  // namespace duel
