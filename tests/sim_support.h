// What the tests of the simulated GPU share: device memory, and running one row by name.
#pragma once
#include <doctest/doctest.h>

#include <cstdlib>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/device.h"
#include "kernels/registry.h"
#include "tests/kernels_for_tests/sim_probe.h"
#include "tests/support.h"

namespace duel::test {

// Device memory with a host copy.
template <class T>
class OnDevice {
 public:
  OnDevice(Device device, std::vector<T> values) : backend_(backend(device)), host(std::move(values)) {
    data_ = backend_.allocate(bytes());
    backend_.copy_in(data_, host.data(), bytes());
  }
  ~OnDevice() { backend_.release(data_, bytes()); }
  OnDevice(const OnDevice&) = delete;
  T* data() const { return static_cast<T*>(data_); }
  size_t bytes() const { return host.size() * sizeof(T); }
  const std::vector<T>& fetch() {
    backend_.copy_out(host.data(), data_, bytes());
    return host;
  }

 private:
  const DeviceBackend& backend_;
  void* data_;

 public:
  std::vector<T> host;
};

template <class Op>
void run(const char* variant, Device device, const typename Op::Problem& problem, const typename Op::Args& args) {
  const Row* row = find_row(Op::name, variant, device);
  REQUIRE_MESSAGE(row, "no row " << variant << " on " << name_of(device));
  run_row(*row, &problem, &args, {}, backend(device).stream());
}

// What must hold on every GPU, a real one included.
struct GpuCheck {
  const char* what;
  void (*run)(Device);
};

// On both simulated GPUs, under every schedule.
inline void check_simulated(std::span<const GpuCheck> checks) {
  for (const Device device : {Device::sim, Device::sim_checked}) {
    if (const std::string why = why_not(device); !why.empty()) {
      skip(why);
      continue;
    }
    for (const char* schedule : {"forward", "reverse", "random:1", "random:2024"}) {
      setenv("DUEL_SIM_SCHEDULE", schedule, 1);
      for (const GpuCheck& check : checks) {
        CAPTURE(name_of(device));
        CAPTURE(schedule);
        CAPTURE(check.what);
        check.run(device);
      }
      unsetenv("DUEL_SIM_SCHEDULE");
    }
  }
}

// On the GPU that is here.
inline void check_real(std::span<const GpuCheck> checks) {
  for (const GpuCheck& check : checks) {
    CAPTURE(check.what);
    check.run(Device::cuda);
  }
}

}  // namespace duel::test
