// A row that does not run a problem on this device is named, with the compute capability that it needs.
#include <doctest/doctest.h>

#include <set>

#include "bench/kernel_bench.h"
#include "bench/kernel_report.h"
#include "bench/skipped_rows.h"
#include "tests/support.h"
#include "tests/toy_op.h"

namespace duel {
namespace {

int here = 86;  // of the device that the CPU stands in for
int capability() { return duel_pretended_capability() ? duel_pretended_capability() : here; }
bool supports_tensor_cores(const ToyProblem& p) { return p.n % 4 == 0 && capability() >= 80; }
bool supports_hopper(const ToyProblem& p) { return p.n % 8 == 0 && capability() == 90 && here != 90; }  // compiled for another one
bool supports_blackwell(const ToyProblem& p) { return p.n % 8 == 0 && capability() >= 100; }
bool supports_next(const ToyProblem& p) { return p.n == 1; }
KERNEL_VARIANT(Toy, tensor_cores, 4, supports_tensor_cores, no_scratch, toy_run);
KERNEL_VARIANT(Toy, hopper, 5, supports_hopper, no_scratch, toy_run);
KERNEL_VARIANT(Toy, blackwell, 6, supports_blackwell, no_scratch, toy_run);
KERNEL_VARIANT(Toy, next, 7, supports_next, no_scratch, toy_run);

struct StandIn {
  explicit StandIn(int capability) {
    here = capability;
    duel_register_capability(Device::cpu, [] { return here; });
  }
  ~StandIn() { duel_register_capability(Device::cpu, nullptr); }
};

Capabilities of(const char* op, const char* row, Device device, const std::string& problem) {
  const Row* found = find_row(op, row, device);
  REQUIRE_MESSAGE(found, row);
  return capabilities_of(*found, find_op(op).parse(problem).problem.get());
}

}  // namespace

using namespace duel::bench;

TEST_CASE("the capability that a row needs is asked of the row") {
  const StandIn device(86);
  CHECK(device_capability(Device::cpu) == 86);
  CHECK(of("toy", "ref", Device::cpu, "n8:f32").any());
  CHECK(capability_text(of("toy", "tensor_cores", Device::cpu, "n8:f32")) == "8.0 or higher");
  CHECK(capability_text(of("toy", "hopper", Device::cpu, "n8:f32")) == "9.0 alone");
  CHECK(capability_text(of("toy", "blackwell", Device::cpu, "n8:f32")) == "10.0 or higher");
  CHECK(capability_text({80, 90}) == "8.0 to 9.0");
  CHECK(of("toy", "hopper", Device::cpu, "n7:f32").lowest == 0);
  CHECK(duel_pretended_capability() == 0);  // and nothing stays pretended
}

TEST_CASE("rows of tensor cores need 8.0, those of warpgroups 9.0, on every device alike") {
  int asked = 0;
  for (Device device : {Device::cuda, Device::sim, Device::sim_checked}) {
    if (!find_backend(device)) continue;
    ++asked;
    CAPTURE(name_of(device));
    const char *gemm = "m256n256k256:bf16", *conv = "n8h16w16c64k64r4u2pad1:bf16";
    CHECK(of("gemm", "naive", device, gemm).any());
    CHECK(capability_text(of("gemm", "tensor_cores", device, gemm)) == "8.0 or higher");
    CHECK(capability_text(of("gemm", "wgmma", device, gemm)) == "9.0 alone");
    for (const auto& [op, row] : {std::pair{"conv2d_fwd", "wgmma"}, {"conv2d_dgrad", "phases_wgmma"}, {"conv2d_wgrad", "split_k_wgmma"}}) {
      CHECK(of(op, "naive", device, conv).any());
      CHECK(capability_text(of(op, row, device, conv)) == "9.0 alone");
    }
  }
  if (!asked) return test::skip("this build has no rows of GPUs");
}

TEST_CASE("a report names the rows that it skipped and why, in text, JSON and Markdown") {
  const StandIn device(86);
  KernelBenchOptions options;
  options.op = "toy", options.seconds = 0.01, options.ceilings = false;
  const KernelBenchResult result = bench_kernels(options);
  CHECK(result.rows == 2);  // ref and tensor_cores
  std::map<std::string, std::string> why;
  for (const auto& b : result.benchmarks)
    if (b.value("skipped", false)) {
      CHECK(b["error_occurred"] == true);
      CHECK_FALSE(b.contains("real_time"));
      why[b["variant"]] = b["error_message"];
    }
  const std::map<std::string, std::string> expected{{"hopper", "needs compute capability 9.0 alone (this device: 8.6)"},
                                                    {"blackwell", "needs compute capability 10.0 or higher (this device: 8.6)"},
                                                    {"next", "does not take this problem"}};
  CHECK(why == expected);
  const std::string text = markdown_of(result.benchmarks);
  CHECK(text.find("| `tensor_cores` | ") != std::string::npos);
  CHECK(text.find("| `hopper`") == std::string::npos);
  CHECK(
      text.ends_with("\nSkipped: `blackwell` needs compute capability 10.0 or higher (this device: 8.6); "
                     "`hopper` needs compute capability 9.0 alone (this device: 8.6).\n"));
  options.variant = "blackwell";  // no row runs: said, and no usage error
  const KernelBenchResult alone = bench_kernels(options);
  CHECK(alone.rows == 0);
  CHECK(alone.skipped == 1);
  CHECK(alone.benchmarks.size() == 1);
  options.variant = "next";
  CHECK_THROWS_WITH_AS(bench_kernels(options), doctest::Contains("no row on cpu fits"), Error);
}

TEST_CASE("a row that lacks machine code for the card, and one without a card, say so") {
  const Row& hopper = *find_row("toy", "hopper", Device::cpu);
  const ErasedCase problem = find_op("toy").parse("n8:f32");
  {
    const StandIn device(86);
    duel_register_capability(Device::cpu, [] { return 90; });  // which the row refuses, by its own knowledge of the build
    CHECK(skipped(hopper, problem.problem.get()).why ==
          "has no machine code of its own for 9.0 in this build (-DDUEL_CUDA_ARCHITECTURES=90a)");
    duel_register_capability(Device::cpu, nullptr);
    CHECK(skipped(hopper, problem.problem.get()).why == "needs compute capability 9.0 alone (no device here)");
  }
}

}  // namespace duel
