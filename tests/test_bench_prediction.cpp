// Registers, occupancy and predicted times, of a GPU that a stand-in plays: what its probe says of launches is made up here.
#include <doctest/doctest.h>

#include "bench/kernel_bench.h"
#include "bench/kernel_report.h"
#include "bench/prediction.h"
#include "tests/support.h"
#include "tests/toy_op.h"

namespace duel {
namespace {

bool recording = false;
void run_aloud(const ToyProblem& p, const Toy::Args& a, Scratch scratch, Stream stream) {
  if (recording) fail(Failure::device, "this library cannot be recorded");
  toy_run(p, a, scratch, stream);
}
KERNEL_VARIANT(Toy, two_launches, 1, toy_supports, no_scratch, toy_run);
KERNEL_VARIANT(Toy, unrecordable, 2, toy_supports, no_scratch, run_aloud);

constexpr LaunchFacts multiplies{{64, 3, 1}, {128, 1, 1}, 40960, 168, 2, 100, 2048}, adds_up{{64, 1, 1}, {256, 1, 1}, 0, 32, 8, 100, 2048};
int begun = 0, recorded = 0;
constexpr LaunchProbe probe{
    .device = Device::cpu,
    .begin = [] { ++begun, recording = true; },
    .end =
        [](LaunchVisitor visitor, void* user) {
          ++recorded, recording = false;
          visitor(user, multiplies), visitor(user, adds_up);
        },
};
constexpr LaunchProbe silent{.device = Device::cpu, .begin = [] {}, .end = [](LaunchVisitor, void*) {}};

}  // namespace

using namespace duel::bench;

TEST_CASE("occupancy, waves and what a last wave costs") {
  CHECK(heaviest({adds_up, multiplies}).registers == 168);
  CHECK(occupancy(multiplies) == doctest::Approx(2 * 128 / 2048.0));
  LaunchFacts odd = multiplies;
  odd.block[0] = 100;  // threads come in warps
  CHECK(occupancy(odd) == doctest::Approx(2 * 128 / 2048.0));
  CHECK(waves(multiplies) == doctest::Approx(192 / 200.0));
  CHECK(stretch(multiplies) == doctest::Approx(200 / 192.0));  // two rounds of a hundred multiprocessors
  LaunchFacts many = multiplies;
  many.grid[1] = 5;  // 320 blocks, two waves of 200
  CHECK(stretch(many) == doctest::Approx(400 / 320.0));
  many.grid[0] = 200, many.grid[1] = 3;
  CHECK(stretch(many) == doctest::Approx(1));
  LaunchFacts few = multiplies;
  few.grid[0] = 25, few.grid[1] = 1;  // three quarters of the device have nothing to do
  CHECK(stretch(few) == doctest::Approx(4));
}

TEST_CASE("a time is predicted from the measured rates, or not at all") {
  const OpInfo &gemm = find_op("gemm"), &toy = find_op("toy");
  const ErasedCase product = gemm.parse("m100n100k100:f32"), light = toy.parse("n1000:f32");  // 2 MFLOP in 120 kB; 16 kB
  const Row& row = *find_row("gemm", "ref", Device::cpu);
  Ceilings c;
  c.copy = 1e9, c.launch = 1e-5, c.matrix["f32"] = {1e10, "", ""};
  const double longer = 200 / 192.0;
  CHECK(predicted(gemm, product, row, {multiplies}, c).value() == doctest::Approx(2e-4 * longer + 1e-5));  // by its multiplications
  c.copy = 1e8;
  CHECK(predicted(gemm, product, row, {multiplies, adds_up}, c).value() == doctest::Approx(1.2e-3 * longer + 2e-5));  // by its bytes
  CHECK(predicted(toy, light, row, {multiplies}, c).value() ==
        doctest::Approx(minimum_bytes(toy, light.problem.get()) / 1e8 * longer + 1e-5));
  CHECK_FALSE(predicted(gemm, product, row, {}, c));
  c.matrix.clear();
  CHECK_FALSE(predicted(gemm, product, row, {multiplies}, c));
  CHECK(predicted(toy, light, row, {multiplies}, c));
  c.launch = 0;
  CHECK_FALSE(predicted(toy, light, row, {multiplies}, c));
}

TEST_CASE("a run reports registers, blocks and the prediction of each row; and none where the device says nothing") {
  KernelBenchOptions options;
  options.op = "toy", options.seconds = 0.01;
  duel_register_launch_probe(&probe);
  const KernelBenchResult result = bench_kernels(options);
  duel_register_launch_probe(&silent);
  const KernelBenchResult without = bench_kernels(options);
  CHECK(begun == recorded);
  CHECK(begun >= 2);
  CHECK(result.ceilings.launch > 0);
  CHECK(result.ceilings.text().find("; launch ") != std::string::npos);
  CHECK(without.ceilings.launch == 0);
  int timed = 0;
  for (const auto& b : result.benchmarks) {
    if (!b.contains("real_time")) continue;
    ++timed;
    if (b["variant"] == "unrecordable") {
      CHECK_FALSE(b.contains("launches"));
      CHECK_FALSE(b.contains("predicted_time"));
      continue;
    }
    CHECK(b["launches"] == 2);
    CHECK(b["heaviest_launch"]["registers"] == 168);
    CHECK(b["heaviest_launch"]["blocks_a_multiprocessor"] == 2);
    CHECK(b["heaviest_launch"]["grid"] == nlohmann::json({64, 3, 1}));
    CHECK(b["heaviest_launch"]["occupancy"].get<double>() == doctest::Approx(0.125));
    const double expected = b["minimum_bytes"].get<double>() / result.ceilings.copy * 200 / 192 + 2 * result.ceilings.launch;
    CHECK(b["predicted_time"].get<double>() == doctest::Approx(expected * 1e6));
    CHECK(b["predicted_over_measured"].get<double>() == doctest::Approx(expected * 1e6 / b["real_time"].get<double>()));
  }
  CHECK(timed == 2);
  const std::string text = markdown_of(result.benchmarks);
  CHECK(text.find("| registers | blocks a multiprocessor | predicted |\n") != std::string::npos);
  CHECK(text.find(" 168 | 2, 12 % | ") != std::string::npos);
  for (const auto& b : without.benchmarks)
    for (const char* key : {"launches", "heaviest_launch", "predicted_time"}) CHECK_FALSE(b.contains(key));
  CHECK(markdown_of(without.benchmarks).find("registers") == std::string::npos);
}

}  // namespace duel
