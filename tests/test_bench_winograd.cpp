// Minimal filtering (kernels/conv2d/dgrad_05_phases_winograd.cu, cpu_winograd.h): what it multiplies and asks for, and how far from f64 it
// ends.
#include <doctest/doctest.h>

#include "bench/sim_profile.h"
#include "kernels/conv2d/conv2d.h"
#include "tests/row_check.h"
#include "tests/support.h"

namespace duel::bench {
namespace {

// The largest error against f64, to the root mean square of the answer, added up over several draws: of one draw it is mostly chance.
double error_of(const char* name, const char* variant, Device device, const char* text) {
  const OpInfo& op = find_op(name);
  const Row* row = find_row(op.name, variant, device);
  REQUIRE(row);
  double sum = 0;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const test::Question q = test::ask(op, op.parse(text), test::Values::reals, seed);
    const auto f64 = test::answer_in_f64(q);
    REQUIRE(f64);
    const test::Verdict v = test::check(*row, q);
    REQUIRE_MESSAGE(v.passed, v.why);
    sum += test::error_against(*f64, q, v.outputs);
  }
  return sum;
}

}  // namespace

TEST_CASE("minimal filtering takes 9 products for 16, and the fewest sectors and wavefronts") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  const OpInfo& op = find_op("conv2d_dgrad");
  const Row* row = find_row(op.name, "phases_winograd", Device::sim_checked);
  REQUIRE(row);
  for (const char* text : {"n2h32w32c64k128r4u2pad1:f32", "n2h16w16c128k64r4u2pad1:f32", "n8h8w8c64k32r4u2pad1:f32"}) {  // whole tiles
    CAPTURE(text);
    const Conv2dProblem p = Conv2dProblem::parse(text);
    const SimProfile profile = count_row(op, op.parse(text), *row, 1);
    CHECK(16 * profile.multiplies(false) == 9 * p.y_count() * p.r * p.s * p.c);
    CHECK(profile.multiplies(true) == 0);
    for (const bool loads : {true, false})
      for (const MemorySpace space : {MemorySpace::global, MemorySpace::shared}) {
        CHECK(profile.traffic(space, loads).requests > 0);
        CHECK(profile.traffic(space, loads).over_fewest() == 1);
      }
  }
}

// Differences of pixels lose digits, but a sum has a quarter of the terms, and each of them is what another one has too. Measured: 0.87 to
// 0.97 times the direct error for sums over 4 to 512 channels.
TEST_CASE("minimal filtering is as accurate as the products it saves") {
  if (const std::string why = test::why_not(Device::sim); !why.empty()) return test::skip(why);
  for (const char* text : {"n2h8w8c8k4r4u2pad1:f32", "n2h8w8c8k16r4u2pad1:f32", "n2h8w8c32k64r4u2pad1:f32", "n1h8w8c16k256r4u2pad1:f32",
                           "n1h8w8c16k512r4u2pad1:f32"}) {
    CAPTURE(text);
    CHECK(error_of("conv2d_dgrad", "phases_winograd", Device::sim, text) <=
          1.1 * error_of("conv2d_dgrad", "phases_register_blocked", Device::sim, text));
  }
}

// With up to four points the factors are ±1 and ½; with up to six there are thirds and fifteenths, and powers up to 16.
TEST_CASE("the CPU's minimal filtering goes through a batch in unequal chunks, and stays as accurate as its points allow") {
  if (!find_row("conv2d_fwd", "winograd", Device::cpu))
    return test::skip("this build has no oneDNN, or this processor no fused multiply-adds");
  for (const char* name : {"conv2d_fwd", "conv2d_dgrad", "conv2d_wgrad"})
    for (const char* text :
         {"n70h16w16c64k48r4u2pad1:f32", "n40h8w8c48k64r3pad1:f32", "n23h14w14c64k64r5pad2:f32", "n33h14w14c64k128r4u2pad1:f32"})
      for (const char* variant : {"winograd", "winograd_6"}) {
        CAPTURE(name);
        CAPTURE(text);
        CAPTURE(variant);
        const Conv2dProblem p = Conv2dProblem::parse(text);
        if (!find_row(name, variant, Device::cpu)->supports(&p)) return test::skip("it does not pay with so many threads");
        const double here = error_of(name, variant, Device::cpu, text), there = error_of(name, "onednn", Device::cpu, text);
        MESSAGE(std::string(name) << " " << std::string(variant) << " " << std::string(text) << ": " << here / there
                                  << " times the direct error");
        const bool exact = variant == std::string("winograd");
        CHECK(here <= (!exact ? 8 : name == std::string("conv2d_wgrad") ? 2 : 1.1) * there);
      }
}

}  // namespace duel::bench
