#include "engine/check_finite.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

namespace duel {
namespace {

struct Found {
  int64_t at;
  double value;
};

template <class T>
std::optional<Found> first_in(const std::vector<std::byte>& bytes) {
  const T* values = reinterpret_cast<const T*>(bytes.data());
  for (size_t i = 0; i < bytes.size() / sizeof(T); ++i)
    if (const auto v = static_cast<double>(values[i]); !std::isfinite(v)) return Found{static_cast<int64_t>(i), v};
  return {};
}

std::optional<Found> first_not_finite(const Touched& t, const DeviceBackend& device) {
  if (!is_floating(t.buffer.dtype) || t.data == nullptr) return {};
  std::vector<std::byte> host(t.buffer.bytes());
  device.copy_out(host.data(), t.data, host.size());
  if (t.buffer.dtype == DType::f64) return first_in<double>(host);
  return t.buffer.dtype == DType::bf16 ? first_in<bf16>(host) : first_in<float>(host);
}

void look(const Row& row, std::span<const Touched> touched, Role not_this,
          const std::function<void(const Touched&, const Found&)>& refuse) {
  const DeviceBackend& device = backend(row.device);
  for (const Touched& t : touched)
    if (t.buffer.role != not_this)
      if (const auto found = first_not_finite(t, device)) refuse(t, *found);
}

}  // namespace

void CheckFinite::before(const Row& row, const std::string& problem, std::span<const Touched> touched) {
  look(row, touched, Role::out, [&](const Touched& t, const Found& found) {
    fail(Failure::numeric, fmt::format("{}: {} of {} is given {}[{}] = {}, and no op before it made that: look at the images, the weights "
                                       "or the checkpoint",
                                       where_, row.op, problem, t.buffer.name, found.at, found.value));
  });
}

void CheckFinite::after(const Row& row, const std::string& problem, std::span<const Touched> touched) {
  look(row, touched, Role::in, [&](const Touched& t, const Found& found) {
    fail(Failure::numeric, fmt::format("{}: {} of {} (row {}, {}) makes {}[{}] = {} of numbers that are finite", where_, row.op, problem,
                                       row.name, name_of(row.device), t.buffer.name, found.at, found.value));
  });
}

}  // namespace duel
