// Instructions of compute capability 9.0, against answers computed here; the same kernels run on a GPU where there is one. And what the
// simulated GPUs say of their misuse.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/check_support.h"
#include "tests/kernels_for_tests/hopper_probe.h"

namespace duel {
namespace {

using test::OnDevice;
using test::run;

std::vector<float> counting(size_t n) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i + 1);
  return values;
}

void check_mbarrier_pipeline(Device device) {
  const std::vector<float> in = counting(512);
  OnDevice<float> a(device, in), out(device, std::vector<float>(512));
  run<HopperProbe>("mbarrier_pipeline", device, {64}, {a.data(), nullptr, out.data()});
  out.fetch();
  size_t wrong = 0;
  for (size_t i = 0; i < 512; ++i) wrong += out.host[i] != in[i ^ 7] + 1;
  CHECK(wrong == 0);
}
void check_mbarrier_meetings(Device device) {
  OnDevice<float> a(device, {5.0f}), out(device, std::vector<float>(128));
  run<HopperProbe>("mbarrier_meetings", device, {128}, {a.data(), nullptr, out.data()});
  CHECK(out.fetch() == std::vector<float>(128, 5.0f));
}

constexpr struct {
  const char* what;
  void (*run)(Device);
} checks[] = {{"mbarrier: full and empty", check_mbarrier_pipeline}, {"mbarrier: phases", check_mbarrier_meetings}};

TEST_CASE("Hopper's instructions do what the PTX ISA says, on both simulated GPUs and under every schedule") {
  for (const Device device : {Device::sim, Device::sim_checked}) {
    if (const std::string why = test::why_not(device); !why.empty()) {
      test::skip(why);
      continue;
    }
    for (const char* schedule : {"forward", "reverse", "random:1", "random:2024"}) {
      setenv("DUEL_SIM_SCHEDULE", schedule, 1);
      for (const auto& check : checks) {
        CAPTURE(name_of(device));
        CAPTURE(schedule);
        CAPTURE(check.what);
        check.run(device);
      }
      unsetenv("DUEL_SIM_SCHEDULE");
    }
  }
}

TEST_CASE("Hopper's instructions do the same on the GPU") {
  if (const std::string why = test::why_not(Device::cuda); !why.empty()) return test::skip(why);
  if (const Row* row = find_row(HopperProbe::name, "mbarrier_meetings", Device::cuda); row) {
    const HopperProbe::Problem any;
    if (!row->supports(&any)) return test::skip("the GPU's compute capability is below 9.0");
  }
  for (const auto& check : checks) {
    CAPTURE(check.what);
    check.run(Device::cuda);
  }
}

const struct {
  const char* name;
  unsigned threads;
  std::vector<const char*> told;
} misuses[] = {
    {"mbarrier_unmade", 1, {"mbarrier_arrive() on an mbarrier that was not initialised"}},
    {"mbarrier_gone", 32, {"mbarrier_wait() on an mbarrier that was not initialised"}},
    {"mbarrier_made_twice", 32, {"thread (5,0,0)", "mbarrier_init where one already is, made in ", "hopper_fault.cu:"}},
    {"mbarrier_for_none", 1, {"mbarrier_init for 0 arrivals a phase: from 1 to 1048575"}},
    {"mbarrier_for_too_many", 1, {"mbarrier_init for 1048576 arrivals a phase"}},
    {"mbarrier_elsewhere", 1, {"an mbarrier that does not lie in shared memory"}},
    {"mbarrier_askew", 1, {"an mbarrier at an address that is not a multiple of 8"}},
    {"mbarrier_overwritten", 32, {"something wrote over the mbarrier at byte 0 of shared memory"}},
    {"mbarrier_one_too_many", 32, {"more arrivals than a phase has: 1 more at the mbarrier at byte 0", "phase 0: "}},
    {"mbarrier_too_many_bytes",
     1,
     {"524288 more bytes are too many for the mbarrier at byte 0", "524288 bytes pending", "at most 1048575"}},
    {"mbarrier_parity", 1, {"mbarrier_wait() for parity 2"}},
    {"mbarrier_lost",
     64,
     {"cannot go on: 63 threads, the first (0,0,0), wait at the mbarrier at byte 0 of shared memory (phase 0: 63 of 64 arrivals have come, "
      "0 "
      "bytes pending) for parity 0 in ",
      "1 has returned", "needs all its arrivals"}},
    {"mbarrier_bytes_lost", 32, {"32 threads, the first (0,0,0), wait at", "(phase 0: 1 of 1 arrival have come, 4096 bytes pending)"}},
};

TEST_CASE("misuse is reported, with row, block and thread, and what waits for ever is named") {
  for (const Device device : {Device::sim, Device::sim_checked}) {
    if (const std::string why = test::why_not(device); !why.empty()) {
      test::skip(why);
      continue;
    }
    for (const auto& misuse : misuses) {
      OnDevice<int> out(device, std::vector<int>(1024));
      std::string text;
      try {
        run<SimFault>(misuse.name, device, {{1}, {misuse.threads}, 4096}, {out.data()});
      } catch (const Error& e) {
        text = e.what();
        CHECK(e.kind == Failure::device);
      }
      CAPTURE(name_of(device));
      CAPTURE(text);
      CHECK(text.find(std::string("[sim_fault:") + misuse.name + "] block (0,0,0)") != std::string::npos);
      for (const char* part : misuse.told) {
        CAPTURE(part);
        CHECK(text.find(part) != std::string::npos);
      }
    }
  }
}

const test::Fault faults[] = {
    {"write_after_mbarrier", {{1}, {64}, 64, 1040}, {"race", "reads 4 bytes", "no __syncthreads()"}},
    {"other_mbarrier", {{1}, {96}, 96, 1040}, {"race", "thread (64,0,0)", "which thread (0,0,0) wrote"}},
    {"mbarrier_without_barrier", {{1}, {64}, 64, 1040}, {"race", "updates 8 bytes", "which thread (0,0,0) wrote"}},
    {"skipped_phase", {{1}, {64}, 64, 1040}, {"race", "writes 4 bytes"}},
};
const struct {
  const char* name;
  CheckProbe::Problem problem;
} clean[] = {{"mbarrier_chain", {{1}, {96}, 96, 1040}}};

TEST_CASE("every planted fault is found, on its line, and no schedule hides it") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  for (const test::Fault& fault : faults) test::check_fault(fault, "tests/kernels_for_tests/check_hopper.cu");
  for (const char* schedule : {"forward", "reverse", "random:1", "random:2"}) {
    setenv("DUEL_SIM_SCHEDULE", schedule, 1);
    const std::string order = schedule;
    CAPTURE(order);
    for (const auto& kernel : clean) {
      CAPTURE(std::string(kernel.name));
      CHECK(test::told(kernel.name, kernel.problem) == "");
    }
    for (const test::Fault& fault : faults) {
      CAPTURE(std::string(fault.name));
      CHECK(test::told(fault.name, fault.problem, fault.data) != "");
    }
    unsetenv("DUEL_SIM_SCHEDULE");
  }
}

}  // namespace
}  // namespace duel
