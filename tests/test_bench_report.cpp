// What bench_kernels says of rows: shares of what the device can do, noise, precision, Markdown, and JSON that compare.py can read.
#include <doctest/doctest.h>

#include <cstring>
#include <fstream>
#include <regex>

#include "apps/support/command/flags.h"
#include "bench/kernel_report.h"
#include "bench/result_output.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::bench;

namespace {

const OpInfo& gemm() { return find_op("gemm"); }

Entry entry(const char* variant, std::vector<double> seconds) {
  Entry e{*find_row("gemm", variant, Device::cpu), {}, std::nullopt, ""};
  e.verified.right = true, e.verified.how = "against ref", e.verified.error = 1.5e-7;
  if (!seconds.empty()) e.timing = Timing{.seconds = std::move(seconds), .estimate = 1, .iterations = 3};
  else e.remark = "not timed: slow | dull";
  return e;
}

// m100n100k100 is 2 MFLOP and 120 kB.
struct Example {
  ErasedCase problem = gemm().parse("m100n100k100:f32");
  Ceilings ceilings;
  ProblemReport report{gemm(), problem, ceilings, false, {}};
  Example() {
    ceilings.copy = 4e9, ceilings.matrix["f32"] = {1e10, "fastest", "m1024n1024k1024:f32"};
    report.entries = {entry("loops", {1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 2e-3, 1e-3}), entry("ref", {1e-2, 2e-2, 1e-2, 3e-2, 2e-2, 4e-2, 1e-2})};
    report.entries.push_back(entry("ref", {}));
    report.entries.back().row.name = "dull";
    Entry wrong = entry("loops", {1});
    wrong.row.name = "wrong", wrong.timing.reset(), wrong.verified.right = false, wrong.verified.why = "c[3]: expected 1, got 2";
    report.entries.push_back(wrong);
    report.peer = peer_of(report.entries);
  }
  nlohmann::json benchmarks() const {
    nlohmann::json all = nlohmann::json::array();
    for (const Entry& e : report.entries) all.push_back(json_of(report, e));
    return all;
  }
  nlohmann::json results() const {
    return {{"context", {{"device_name", "a CPU"}, {"threads", 2}, {"commit", "abc"}, {"date", "2026-11-22T10:00"}, {"caches", "warm"}}},
            {"benchmarks", benchmarks()}};
  }
};

}  // namespace

TEST_CASE("GFLOP/s and GB/s stand beside what the device can do, and a wide interval is called noisy") {
  const Example example;
  const nlohmann::json all = example.benchmarks();
  CHECK(all[0]["GFLOP/s"].get<double>() == doctest::Approx(2));
  CHECK(all[0]["share_of_matrix_rate"].get<double>() == doctest::Approx(0.2));
  CHECK(all[0]["GB/s"].get<double>() == doctest::Approx(0.12));
  CHECK(all[0]["share_of_copy"].get<double>() == doctest::Approx(0.03));
  CHECK(all[0]["FLOP"] == 2e6);
  CHECK(all[0]["minimum_bytes"] == 120000);
  CHECK(all[0]["noisy"] == false);
  CHECK(all[0]["precision"] == "f32");
  CHECK(all[1]["noisy"] == true);
  CHECK(all[1]["median_interval"]["high"] > all[1]["median_interval"]["low"]);
  CHECK(all[1]["speedup"]["ratio"].get<double>() == doctest::Approx(0.05));
  Ceilings nothing;
  const ProblemReport bare{gemm(), example.problem, nothing, true, {}};
  const nlohmann::json alone = json_of(bare, entry("loops", {1e-3}));
  CHECK_FALSE(alone.contains("share_of_copy"));
  CHECK_FALSE(alone.contains("share_of_matrix_rate"));
  CHECK(alone["caches"] == "cold");
}

TEST_CASE("a share of the matrix rate is of the rate of the row's own precision") {
  Row row = *find_row("gemm", "ref", Device::cpu);
  CHECK(precision_of(row, "m8n8k8:bf16/tb=1") == "bf16");
  CHECK(precision_of(row, "m8n8k8:f32") == "f32");
  row.name = "split_k_three_tf32";
  CHECK(precision_of(row, "n8:f32") == "3xtf32");
  row.name = "tf32";
  CHECK(precision_of(row, "n8:f32") == "tf32");
  // The name is all that says so: a kernel that multiplies f32 on tensor cores has to be called by what it does.
  int on_tensor_cores = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(test::source_dir() / "kernels")) {
    if (file.path().extension() != ".cu") continue;
    const std::string text = test::read_text(file.path());
    if (text.find("KERNEL_VARIANT") == std::string::npos || text.find("TensorTiles<float>") == std::string::npos) continue;
    ++on_tensor_cores;
    const bool named = std::regex_search(text, std::regex("KERNEL_VARIANT\\([A-Za-z0-9]+, [a-z_]*three_tf32,"));
    CHECK_MESSAGE(named, file.path().string());
  }
  CHECK(on_tensor_cores >= 4);
}

TEST_CASE("what the device can do is measured by rows that are right") {
  const Ceilings c = measure_ceilings(Device::cpu, {"f32"}, 0.01, 1);
  CHECK(c.copy > 1e8);
  CHECK(c.matrix.at("f32").flops > 1e8);
  CHECK(find_row("gemm", c.matrix.at("f32").row.c_str(), Device::cpu) != nullptr);
  CHECK(c.json()["matrix"]["f32"]["row"] == c.matrix.at("f32").row);
  CHECK(c.text().starts_with("copy "));
}

TEST_CASE("Markdown is a table a problem") {
  const std::string text = markdown_of(Example().benchmarks());
  CHECK(text.starts_with("`gemm` `m100n100k100:f32`\n\n| row | median |"));
  CHECK(text.find("| `loops` | 1.00 ms | 2.0 | 20 % | 0.1 | 3 % | f32 | 1.5e-07 | – |\n") != std::string::npos);
  CHECK(text.find("| `ref` | 20.00 ms, noisy | ") != std::string::npos);
  CHECK(text.find("| `dull` | not timed: slow \\| dull | | ") != std::string::npos);
  CHECK(text.find("| `wrong` | WRONG: c[3]: expected 1, got 2 |") != std::string::npos);
  std::istringstream lines(text);
  int columns = 0;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("|")) {
      const auto bars = std::count(line.begin(), line.end(), '|') - (line.find("\\|") != std::string::npos);
      if (!columns) columns = static_cast<int>(bars);
      CHECK_MESSAGE(bars == columns, line);
    }
}

TEST_CASE("a README's tables are filled between their marks, and the others stay") {
  const test::TempFolder folder;
  const std::string head = "# A\n\n<!-- bench gemm m100n100k100:f32 -->\n",
                    other = "\n<!-- bench gemm m7n7k7:f32 -->\nolder\n<!-- end -->\n";
  const auto path = folder.write("README.md", head + "stale\n<!-- end -->\ntext" + other).string();
  fill_markdown({path}, Example().results());
  const std::string once = test::read_text(path);
  CHECK(once.starts_with(head + "| row | median |"));
  CHECK(once.find("stale") == std::string::npos);
  CHECK(once.find("\n\na CPU, 2 threads, commit abc, 2026-11-22, caches warm.") != std::string::npos);
  CHECK(once.ends_with("<!-- end -->\ntext" + other));
  fill_markdown({path}, Example().results());
  CHECK(test::read_text(path) == once);

  const auto without = folder.write("none.md", other).string(), second = folder.write("two.md", head + "stale\n<!-- end -->\n").string();
  fill_markdown({without, second}, Example().results());  // one of several may have nothing to fill
  CHECK(test::read_text(second).find("stale") == std::string::npos);
  CHECK(test::read_text(without) == other);
  CHECK_THROWS_WITH_AS(fill_markdown({without}, Example().results()), doctest::Contains("it has marks for gemm m7n7k7:f32"), Error);
  CHECK(test::read_text(without) == other);
  nlohmann::json late = Example().results();  // one that was asked for and not begun is no mistake in asking
  late["benchmarks"].push_back({{"name", "x"}, {"op", "gemm"}, {"problem", "m7n7k7:f32"}, {"error_message", "not begun"}});
  fill_markdown({without}, late);
  CHECK(test::read_text(without) == other);
  const auto open = folder.write("open.md", head + "no end").string();
  CHECK_THROWS_WITH_AS(fill_markdown({open}, Example().results()), doctest::Contains("has no <!-- end -->"), Error);
  const std::string nested = "<!-- bench gemm m8n8k8:f32 -->\nold\n" + test::read_text(path);  // whose own mark is the next one's
  std::ofstream(open) << nested;
  CHECK_THROWS_WITH_AS(check_markdown(open), doctest::Contains("gemm m8n8k8:f32 --> has no <!-- end -->"), Error);
  CHECK_THROWS_AS(fill_markdown({open}, Example().results()), Error);
  CHECK(test::read_text(open) == nested);
  CHECK_THROWS_AS(fill_markdown({(folder / "missing.md").string()}, Example().results()), Error);
}

namespace {

nlohmann::json written(const std::vector<std::string>& flags, const nlohmann::json& results, const std::filesystem::path& file) {
  CLI::App app;
  ResultOutput output;
  output.add_flags(app), output.add_markdown(app);
  std::vector<std::string> reversed(flags.rbegin(), flags.rend());
  app.parse(reversed);
  output.begin();
  output.write(results);
  return nlohmann::json::parse(std::ifstream(file));
}

}  // namespace

// Google Benchmark's compare.py takes name, time_unit, real_time and cpu_time of everything in "benchmarks" that both files name.
TEST_CASE("what compare.py reads has a time, and what has none stands apart") {
  const test::TempFolder folder;
  const auto file = folder / "k.json", csv = folder / "k.csv";
  const nlohmann::json json = written({"--json", file.string(), "--csv", csv.string()}, Example().results(), file);
  REQUIRE(json["benchmarks"].size() == 2);
  for (const auto& b : json["benchmarks"]) {
    for (const char* field : {"name", "run_name", "run_type", "time_unit"}) CHECK(b[field].is_string());
    for (const char* field : {"real_time", "cpu_time", "iterations"}) CHECK(b[field].is_number());
    CHECK((b["run_type"] == "iteration" || b["run_type"] == "aggregate"));
  }
  REQUIRE(json["not_timed"].size() == 2);
  CHECK(json["not_timed"][1]["error_message"] == "WRONG: c[3]: expected 1, got 2");
  for (const char* field : {"date", "device_name"}) CHECK(json["context"][field].is_string());
  const std::string lines = test::read_text(csv);
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 5);  // and all four here

  const nlohmann::json twice = written({"--json", file.string(), "--append"}, Example().results(), file);
  CHECK(twice["benchmarks"].size() == 4);
  CHECK(twice["not_timed"].size() == 4);
  CHECK(twice["context"] == json["context"]);
  CHECK(written({"--json", (folder / "new.json").string(), "--append"}, Example().results(), folder / "new.json")["benchmarks"].size() ==
        2);
  folder.write("other.json", "[1, 2]");
  CHECK_THROWS_WITH_AS(written({"--json", (folder / "other.json").string(), "--append"}, Example().results(), file),
                       doctest::Contains("holds no results to add to"), Error);
  CHECK(test::read_text(folder / "other.json") == "[1, 2]");
}
