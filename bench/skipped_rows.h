// Why a row is not among those that run a problem here.
#pragma once
#include <string>

#include "kernels/capability.h"
#include "kernels/registry.h"

namespace duel::bench {

std::string capability_text(const Capabilities& capabilities);  // "8.0 or higher", "9.0 alone", "8.0 to 9.0"

struct SkippedRow {
  Row row;
  std::string why;      // "needs compute capability 9.0 alone (this device: 8.6)", "does not take this problem"
  bool for_its_device;  // another device, or another build, would run it
};
SkippedRow skipped(const Row& row, const void* problem);  // whose supports() says no

}  // namespace duel::bench
