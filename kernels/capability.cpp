#include "kernels/capability.h"

#include <iterator>

#include "kernels/registry.h"

namespace {

thread_local int pretended = 0;

using Capability = int (*)();
Capability* registered() {
  static Capability of[std::size(duel::devices)] = {};
  return of;
}

}  // namespace

extern "C" int duel_pretended_capability() { return pretended; }
extern "C" void duel_register_capability(duel::Device device, int (*capability)()) { registered()[static_cast<int>(device)] = capability; }

namespace duel {

int device_capability(Device device) {
  const DeviceBackend* found = find_backend(device);
  const Capability capability = registered()[static_cast<int>(device)];
  return found && !found->problem() && capability ? capability() : 0;
}

PretendedCapability::PretendedCapability(int capability) : before_(pretended) { pretended = capability; }
PretendedCapability::~PretendedCapability() { pretended = before_; }

Capabilities capabilities_of(const Row& row, const void* problem) {
  Capabilities found;
  for (int capability : known_capabilities) {
    const PretendedCapability pretending(capability);
    if (!row.supports(problem)) continue;
    if (!found.lowest) found.lowest = capability;
    found.highest = capability;
  }
  return found;
}

}  // namespace duel
