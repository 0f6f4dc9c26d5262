// bench_kernels: every row of every op, verified, then timed against each other. Exit code 1 when a row is WRONG.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "apps/support/command/cli.h"
#include "apps/support/command/flags.h"
#include "bench/context.h"
#include "bench/gpu_state.h"
#include "bench/kernel_bench.h"
#include "bench/result_output.h"
#include "kernels/error.h"

using namespace duel;

namespace {

bool usable(Device device) {
  const DeviceBackend* found = find_backend(device);
  return found && !found->problem();
}

Device device_named(const std::string& name) {
  if (name == "auto") return usable(Device::cuda) ? Device::cuda : Device::cpu;
  for (Device d : devices)
    if (name == name_of(d)) return d;
  fail(Failure::usage, "--device '" + name + "': there are auto, cpu, cuda, sim and sim-checked");
}

nlohmann::json json_of(Device device, const bench::KernelBenchOptions& options, const bench::KernelBenchResult& result,
                       const nlohmann::json& before) {
  nlohmann::json context = bench::context(device);
  if (before.contains("gpu")) context["gpu_before"] = before["gpu"];
  context["ceilings"] = result.ceilings.json();
  context["most"] = result.ceilings.text();
  context["caches"] = options.cold ? "cold" : "warm";
  context["seconds_per_row"] = options.seconds;
  context["seed"] = options.seed;
  return {{"context", context}, {"benchmarks", result.benchmarks}};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Verifies every kernel row, then times it. A row that did not verify prints WRONG and no time.", "bench_kernels");
  bench::KernelBenchOptions options;
  bench::ResultOutput output;
  std::string device = std::getenv("DUEL_DEVICE") ? std::getenv("DUEL_DEVICE") : "auto";
  app.add_option("--op", options.op, "Only this op");
  app.add_option("--variant", options.variant, "Only this row");
  CLI::Option* problem =
      app.add_option("--problem", options.problem, "This problem instead of the table's, such as n128h32w32c64k128r4u2pad1:bf16");
  app.add_option("--problems", options.problems, "A list of them: dcgan, deepbench, resnet50 or a file, with :bf16 behind it in bf16")
      ->excludes(problem);
  app.add_option("--tag", options.tag, "Cases of the table: edge, dcgan, bench or all")
      ->check(CLI::IsMember({"edge", "dcgan", "bench", "all"}))
      ->capture_default_str();
  app.add_option("--filter", options.filter, "A regular expression looked for in op/variant/device/problem");
  app.add_option("--device", device, "auto, cpu, cuda, or sim and sim-checked, which are verified, never timed")->capture_default_str();
  app.add_option("--seconds", options.seconds, "Time spent on each row")->check(CLI::Range(0.001, 3600.0))->capture_default_str();
  app.add_option("--within", options.within, "After so many seconds no further problem is begun; those left out are named")
      ->check(CLI::PositiveNumber);
  app.add_option("--seed", options.seed, "Of the data")->capture_default_str();
  app.add_flag("--cold", options.cold, "Flush the caches before each call; otherwise they are warm");
  output.add_flags(app);
  output.add_markdown(app);
  app.add_flag(
      "--run-once", options.run_once,
      "For a profiler: no check and no time; each row is called twice, the second time in a range called once:ROW. Prints names only");
  app.add_flag("--list", options.list, "Print what would run, and stop");
  return run_main(argc, argv, app, [&] {
    options.device = device_named(device);
    if (options.run_once && output.wanted()) fail(Failure::usage, "--run-once measures nothing; leave out --json, --csv and --markdown");
    nlohmann::json before;
    if (!options.list && !options.run_once) {
      output.begin();
      bench::refuse_slow_build();
      before = bench::context(options.device);
      fmt::print("{}, {} threads, commit {}, {} build, caches {}\n", before["device_name"].get<std::string>(), before["threads"].get<int>(),
                 before["commit"].get<std::string>(), bench::build_type(), options.cold ? "cold" : "warm");
      if (before.contains("gpu")) fmt::print("{}\n", bench::gpu_state_text(before["gpu"]));
    }
    const bench::KernelBenchResult result = bench::bench_kernels(options);
    if (!options.list && output.wanted()) output.write(json_of(options.device, options, result, before));
    if (result.wrong) fmt::print("{} of {} rows are WRONG\n", result.wrong, result.rows);
    return result.wrong ? static_cast<int>(Failure::internal) : 0;
  });
}
