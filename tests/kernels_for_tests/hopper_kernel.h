// What the files of rows of HopperProbe share: their launcher and their registration.
#pragma once
#include "kernels/launch.h"
#include "kernels/ptx.h"
#include "tests/kernels_for_tests/hopper_probe.h"

namespace duel {
namespace {

bool has_hopper(const HopperProbe::Problem&) { return compute_capability() >= 90; }

template <auto kernel, class Shared, class T, class Out>
void run(const HopperProbe::Problem& p, const HopperProbe::Args& a, Scratch, Stream stream) {
  launch({.grid = 1, .block = p.threads, .shared_bytes = sizeof(Shared)}, stream, kernel, p.number, static_cast<const T*>(a.a),
         static_cast<const T*>(a.b), static_cast<Out*>(a.out));
}
#define HOPPER_PROBE(name, Shared, T, Out)               \
  constexpr auto run_##name = run<name, Shared, T, Out>; \
  KERNEL_VARIANT(HopperProbe, name, 1, has_hopper, no_scratch, run_##name)

}  // namespace
}  // namespace duel
