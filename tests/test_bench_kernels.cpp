// bench_kernels verifies before it times: a wrong row gets no time, also when only a full-size problem shows it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "bench/contest.h"
#include "bench/kernel_bench.h"
#include "bench/verify.h"
#include "kernels/prepared.h"
#include "tests/support.h"
#include "tests/toy_op.h"

namespace duel {
namespace {

bool supports_fours(const ToyProblem& p) { return p.dtype == DType::f32 && p.n % 4 == 0; }

enum class Fault { none, always, at_full_size };
template <Fault fault>
void run(const ToyProblem& p, const Toy::Args& a, Scratch scratch, Stream stream) {
  toy_run(p, a, scratch, stream);
  if (fault == Fault::none || (fault == Fault::at_full_size && p.n <= 1000)) return;
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    static_cast<T*>(a.y)[p.n - 1] = T(0.5f);
  });
}
int library_runs = 0, library_prepared = 0, library_prepared_runs = 0;
float library_first = 0;  // of the input, as it was when it was prepared
void run_library(const ToyProblem& p, const Toy::Args& a, Scratch scratch, Stream stream) {
  ++library_runs;
  run<Fault::none>(p, a, scratch, stream);
}
PreparedCall prepare_library(const ToyProblem& p, const Toy::Args& a, Stream) {
  if (p.n == 5) return {};  // nothing to leave out
  ++library_prepared;
  library_first = *static_cast<const float*>(a.x);
  return [] { ++library_prepared_runs; };
}
KERNEL_VARIANT(Toy, library, baseline_rank, toy_supports, no_scratch, run_library);
const PreparedRow<Toy, prepare_library> prepared_library("library");
KERNEL_VARIANT(Toy, fours, 3, supports_fours, no_scratch, run<Fault::none>);
KERNEL_VARIANT(Toy, wrong, 1, toy_supports, no_scratch, run<Fault::always>);
KERNEL_VARIANT(Toy, wrong_when_big, 2, toy_supports, no_scratch, run<Fault::at_full_size>);

const nlohmann::json& entry(const bench::KernelBenchResult& result, const std::string& variant) {
  for (const auto& j : result.benchmarks)
    if (j["variant"] == variant) return j;
  throw std::runtime_error("no entry for " + variant);
}

}  // namespace

using namespace duel::bench;

TEST_CASE("right rows are timed, wrong rows are WRONG") {
  KernelBenchOptions options;
  options.op = "toy", options.seconds = 0.01, options.ceilings = false;
  const KernelBenchResult result = bench_kernels(options);
  CHECK(result.rows == 5);
  CHECK(result.wrong == 2);
  for (const char* name : {"fours", "library"}) {
    const auto& j = entry(result, name);
    CHECK(j["verified"] == true);
    CHECK(j["real_time"] > 0.0);
    CHECK(j["min_time"] <= j["real_time"]);
    CHECK(j["GFLOP/s"].get<double>() == doctest::Approx(1e10 / (j["real_time"].get<double>() * 1e-6) * 1e-9));
    CHECK(j["GB/s"].get<double>() == doctest::Approx(1600008 / (j["real_time"].get<double>() * 1e-6) * 1e-9));
    CHECK(j["verified_how"].get<std::string>().find("against ref on n") == 0);
    CHECK(j["verified_how"].get<std::string>().find("at full size against") != std::string::npos);
    CHECK(j["error_against_f64"] < 1e-6);
    CHECK(j["conversions"] == (std::string(name) == "library" ? "excluded" : "included"));
  }
  CHECK(entry(result, "fours")["speedup"]["against"] == "library");
  CHECK_FALSE(entry(result, "library").contains("speedup"));
  for (const char* name : {"wrong", "wrong_when_big"}) {
    const auto& j = entry(result, name);
    CHECK(j["verified"] == false);
    CHECK_FALSE(j.contains("real_time"));
    CHECK(j["error_occurred"] == true);
    CHECK(j["error_message"].get<std::string>().find("WRONG: ") == 0);
    CHECK(j["reproducer"].get<std::string>().find(std::string("bench_kernels --op toy --variant ") + name + " --device cpu --problem n") ==
          0);
  }
  CHECK(entry(result, "wrong_when_big")["error_message"].get<std::string>().find("at full size, y[99999]") != std::string::npos);
}

TEST_CASE("a baseline is verified as a row and timed in its prepared form") {
  const OpInfo& op = find_op("toy");
  const Row &library = *find_row("toy", "library", Device::cpu), &fours = *find_row("toy", "fours", Device::cpu);
  const ErasedCase problem = op.parse("n4096:f32");
  library_runs = 0;
  CHECK(Verifier(op, problem, 1).verify(library).right);
  CHECK(library_runs > 0);

  library_runs = library_prepared = library_prepared_runs = 0;
  const std::vector<Timing> t = contest(op, problem, {fours, library}, {.seconds = 0.01});
  CHECK_FALSE(t[0].prepared);
  CHECK(t[1].prepared);
  CHECK(library_prepared == 1);
  CHECK(library_prepared_runs >= static_cast<int>(t[1].seconds.size()) * t[1].iterations);
  CHECK(library_runs == 0);
  CHECK(library_first != 0);
  CHECK(std::isfinite(library_first));  // buffers hold NaN until their data is in

  CHECK_FALSE(contest(op, op.parse("n5:f32"), {library}, {.seconds = 0.01})[0].prepared);
  CHECK(library_runs > 0);
}

TEST_CASE("the table's tag, a problem and a filter choose what runs") {
  KernelBenchOptions options;
  options.op = "toy", options.list = true;
  CHECK(bench_kernels(options).rows == 5);
  options.tag = "edge";
  CHECK(bench_kernels(options).rows == 17);  // four problems, one of them in f32 and a multiple of four
  options.problem = "n8:bf16";
  CHECK(bench_kernels(options).rows == 4);
  options.filter = "wrong.*n8";
  CHECK(bench_kernels(options).rows == 2);
  options.variant = "ref";
  CHECK_THROWS_WITH_AS(bench_kernels(options), doctest::Contains("toy/fours"), Error);
  options.filter = "(";
  CHECK_THROWS_WITH_AS(bench_kernels(options), doctest::Contains("--filter '('"), Error);
  options.filter = "", options.problem = "n8z3:f32";
  CHECK_THROWS_WITH_AS(bench_kernels(options), doctest::Contains("no key is called z"), Error);
  options.op = "", options.problem = "garbage";
  CHECK_THROWS_WITH_AS(bench_kernels(options), doctest::Contains("--problem 'garbage'"), Error);
  options.problem = "n8:bf16", options.variant = "fours";  // a problem that parses, and that the row does not support
  CHECK_THROWS_WITH_AS(bench_kernels(options), doctest::Contains("no row on cpu fits n8:bf16"), Error);
  options.op = "triple";
  CHECK_THROWS_WITH_AS(bench_kernels(options), doctest::Contains("no op is called triple"), Error);
}

TEST_CASE("for a profiler a row runs twice, in no company") {
  KernelBenchOptions options;
  options.op = "toy", options.variant = "library", options.run_once = true;
  library_runs = library_prepared = 0;
  const KernelBenchResult result = bench_kernels(options);
  CHECK(result.rows == 1);
  CHECK(library_runs == 2);
  CHECK(library_prepared == 0);
  CHECK(result.benchmarks.empty());
}

TEST_CASE("a problem that memory does not hold is skipped with what it needs, and one that was asked for fails with it") {
  static const DeviceBackend* const real = &backend(Device::cpu);
  static DeviceBackend small = *real;
  small.free_memory = [] { return size_t{1} << 20; };
  duel_register_backend(&small);
  KernelBenchOptions options;
  options.op = "toy", options.seconds = 0.01, options.ceilings = false;
  const KernelBenchResult result = bench_kernels(options);
  CHECK(result.rows == 0);
  CHECK(result.skipped == 1);
  CHECK(result.benchmarks[0]["error_message"] ==
        "[toy] n100000:f32 needs 6.4 MB to verify and time, and 1.05 MB are free; a smaller problem does");
  options.problem = "n100000:f32";
  CHECK_THROWS_WITH_AS(bench_kernels(options), doctest::Contains("needs 6.4 MB"), Error);
  duel_register_backend(real);
}

TEST_CASE("what is not begun in time is named and not run") {
  KernelBenchOptions options;
  options.op = "toy", options.tag = "all", options.seconds = 0.01, options.ceilings = false, options.within = 1e-9;
  const KernelBenchResult result = bench_kernels(options);
  CHECK(result.rows == 0);
  CHECK(result.skipped == 5);
  CHECK(result.benchmarks[0]["error_message"] == "[toy] n37:f32 not begun: 1e-09 s are over");
}

TEST_CASE("a problem is cut down until the reference affords it, to a size the row supports") {
  const OpInfo& op = find_op("toy");
  const auto any = [](const ErasedCase&) { return true; };
  CHECK(reduced(op, op.parse("n2000:f32"), any).text == "n2000:f32");  // 2e8: affordable as it is
  const ErasedCase cut = reduced(op, op.parse("n100000:f32"), any);
  CHECK(cut.text == "n8:f32");
  const auto big_only = [&](const ErasedCase& c) { return op.flops(c.problem.get()) >= 6.4e6; };
  CHECK(reduced(op, op.parse("n100000:f32"), big_only).text == "n64:f32");
  const auto never = [](const ErasedCase&) { return false; };
  CHECK(reduced(op, op.parse("n100000:f32"), never).text == "n100000:f32");
}

TEST_CASE("rows of a contest take turns and each gets its rounds") {
  const OpInfo& op = find_op("toy");
  const std::vector<Row> rows{*find_row("toy", "fours", Device::cpu), *find_row("toy", "ref", Device::cpu)};
  for (bool cold : {false, true}) {
    const std::vector<Timing> t = contest(op, op.parse("n4096:f32"), rows, {.seconds = 0.02, .cold = cold});
    REQUIRE(t.size() == 2);
    for (const Timing& one : t) {
      CHECK(one.seconds.size() >= 7);
      CHECK(one.iterations >= 1);
      CHECK((cold ? one.iterations == 1 : one.iterations > 1));
      CHECK(std::all_of(one.seconds.begin(), one.seconds.end(), [](double s) { return s > 0 && s < 1; }));
    }
  }
  CHECK(contest(op, op.parse("n4:f32"), {}, {}).empty());
}

}  // namespace duel
