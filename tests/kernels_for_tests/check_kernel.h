// What the kernels for the checker's tests share: their launcher and their registration. x and y have n elements.
#pragma once
#include "kernels/launch.h"
#include "kernels/ptx.h"
#include "tests/kernels_for_tests/check_probe.h"

namespace duel {
namespace {

bool any(const CheckProbe::Problem&) { return true; }

template <auto kernel, class T = float>
void run(const CheckProbe::Problem& p, const CheckProbe::Args& a, Scratch, Stream stream) {
  launch({.grid = dim3(p.grid.x, p.grid.y, p.grid.z), .block = dim3(p.block.x, p.block.y, p.block.z), .shared_bytes = p.shared_bytes},
         stream, kernel, static_cast<const T*>(a.x), static_cast<T*>(a.y), p.n);
}
#define PROBE(name) KERNEL_VARIANT(CheckProbe, name, 1, any, no_scratch, run<name>)
#define PROBE_OF(T, name)                   \
  constexpr auto run_##name = run<name, T>; \
  KERNEL_VARIANT(CheckProbe, name, 1, any, no_scratch, run_##name)

struct Tile {
  float value[256];
};

}  // namespace
}  // namespace duel
