#include "bench/skipped_rows.h"

#include <fmt/format.h>

namespace duel::bench {
namespace {

std::string number(int capability) { return fmt::format("{}.{}", capability / 10, capability % 10); }

}  // namespace

std::string capability_text(const Capabilities& c) {
  if (c.open()) return number(c.lowest) + " or higher";
  return number(c.lowest) + (c.lowest == c.highest ? " alone" : " to " + number(c.highest));
}

SkippedRow skipped(const Row& row, const void* problem) {
  const Capabilities wanted = capabilities_of(row, problem);
  if (!wanted.lowest) return {row, "does not take this problem", false};
  const int here = device_capability(row.device);
  if (here && wanted.hold(here))
    return {row, fmt::format("has no machine code of its own for {} in this build (-DDUEL_CUDA_ARCHITECTURES={}a)", number(here), here),
            true};
  return {
      row,
      fmt::format("needs compute capability {} ({})", capability_text(wanted), here ? "this device: " + number(here) : "no device here"),
      true};
}

}  // namespace duel::bench
