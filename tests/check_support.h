// What the tests of the checked simulated GPU share: kernels with a planted fault, and what the checker must say of each.
#pragma once
#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "kernels/error.h"
#include "kernels/op.h"
#include "tests/kernels_for_tests/check_probe.h"
#include "tests/sim_support.h"

namespace duel::test {

// The op's buffers, so that reports can name them.
inline const struct Named {
  Named() {
    OpInfo info{};
    info.name = CheckProbe::name;
    info.plain_args = true;
    info.cases = [] { return std::vector<ErasedCase>{}; };
    info.buffers = [](const void* p) {
      const int64_t n = static_cast<const CheckProbe::Problem*>(p)->n;
      return std::vector<Buffer>{{"x", Role::in, DType::f32, n}, {"y", Role::out, DType::f32, n}};
    };
    register_op(std::move(info));
  }
} named;

struct Data {
  size_t element = 4;  // bytes
  bool y_written = false;
};
struct Fault {
  const char* name;
  CheckProbe::Problem problem;
  std::vector<const char*> told;
  Data data = {};
};

// The lines that comments in the kernels' file mark with a name, "FILE:LINE ".
inline std::string line_of(const std::string& mark, const std::string& kernels) {
  std::ifstream file(source_dir() / kernels);
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const size_t comment = line.find("//");
    if (comment == std::string::npos) continue;
    for (size_t at = line.find(mark, comment); at != std::string::npos; at = line.find(mark, at + 1)) {
      const size_t end = at + mark.size();
      const bool alone = (line[at - 1] == ' ') && (end == line.size() || line.compare(end, 3, "   ") == 0);
      if (alone) return kernels + ":" + std::to_string(number) + " ";
    }
  }
  return "";
}

// What the checker says. x holds zeros; y is unwritten unless it is an accumulator.
inline std::string told(const char* name, const CheckProbe::Problem& p, const Data& data = {}) {
  const DeviceBackend& device = backend(Device::sim_checked);
  const size_t size = data.element * static_cast<size_t>(p.n);
  void *x = device.allocate(size), *y = device.allocate(size);
  device.fill(x, 0, size);
  if (data.y_written) device.fill(y, 0, size);
  std::string text;
  try {
    run<CheckProbe>(name, Device::sim_checked, p, {x, y});
  } catch (const Error& e) {
    text = e.what();
    CHECK(e.kind == Failure::device);
  }
  device.release(x, size), device.release(y, size);
  return text;
}

// The checker tells of the fault, on its line of the kernels' file.
inline void check_fault(const Fault& fault, const std::string& kernels) {
  const std::string text = told(fault.name, fault.problem, fault.data);
  const std::string name = fault.name;
  CAPTURE(name);
  CAPTURE(text);
  CHECK(text.find(std::string("[check_probe:") + fault.name + "]") != std::string::npos);
  for (const char* part : fault.told) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
  const std::string line = line_of(fault.name, kernels), other = line_of(std::string(fault.name) + ", other", kernels);
  REQUIRE(!line.empty());
  CHECK(text.find("in " + line) != std::string::npos);
  const bool race = text.find("race: ") != std::string::npos;
  CHECK(race == !other.empty());
  if (race) {
    const std::string past = "in " + other.substr(0, other.size() - 1);  // and then ";", or " (" and the wrapper's own line
    CAPTURE(past);
    CHECK((text.find(past + ";") != std::string::npos || text.find(past + " (") != std::string::npos));
  }
}

// A kernel that has no fault.
struct Clean {
  const char* name;
  CheckProbe::Problem problem;
  Data data = {};
};
// Each fault is told of on its line, and under every schedule; of a clean kernel nothing is.
template <class Faults, class Cleans>
void check_under_schedules(const Faults& faults, const Cleans& clean, const std::string& kernels) {
  for (const Fault& fault : faults) check_fault(fault, kernels);
  for (const char* schedule : {"forward", "reverse", "random:1", "random:2"}) {
    setenv("DUEL_SIM_SCHEDULE", schedule, 1);
    const std::string order = schedule;
    CAPTURE(order);
    for (const Clean& kernel : clean) {
      CAPTURE(std::string(kernel.name));
      CHECK(told(kernel.name, kernel.problem, kernel.data) == "");
    }
    for (const Fault& fault : faults) {
      CAPTURE(std::string(fault.name));
      CHECK(told(fault.name, fault.problem, fault.data) != "");
    }
    unsetenv("DUEL_SIM_SCHEDULE");
  }
}

// What a kernel of the op sim_fault does wrong, and what both simulated GPUs say of it.
struct Misuse {
  const char* name;
  unsigned blocks, threads;
  std::vector<const char*> told;
};
inline std::string misuse_text(const Misuse& misuse, size_t shared_bytes, Device device) {
  OnDevice<int> out(device, std::vector<int>(1024));
  try {
    run<SimFault>(misuse.name, device, {{misuse.blocks}, {misuse.threads}, shared_bytes}, {out.data()});
  } catch (const Error& e) {
    CHECK(e.kind == Failure::device);
    return e.what();
  }
  return "";
}
inline void check_misuse(const Misuse& misuse, size_t shared_bytes, Device device) {
  const std::string text = misuse_text(misuse, shared_bytes, device);
  CAPTURE(name_of(device));
  CAPTURE(text);
  CHECK(text.find(std::string("[sim_fault:") + misuse.name + "] ") != std::string::npos);
  for (const char* part : misuse.told) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
}
// Each is told of under every schedule, and the launch after it runs.
template <class Misuses>
void check_misuses(const Misuses& misuses, const Misuse& right, size_t shared_bytes = 0) {
  for (const Device device : {Device::sim, Device::sim_checked}) {
    if (const std::string why = why_not(device); !why.empty()) {
      skip(why);
      continue;
    }
    for (const char* schedule : {"forward", "reverse", "random:3"}) {
      setenv("DUEL_SIM_SCHEDULE", schedule, 1);
      for (const Misuse& misuse : misuses) {
        check_misuse(misuse, shared_bytes, device);
        CHECK(misuse_text(right, shared_bytes, device) == "");
      }
      unsetenv("DUEL_SIM_SCHEDULE");
    }
  }
}

}  // namespace duel::test
