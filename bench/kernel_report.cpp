#include "bench/kernel_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "bench/prediction.h"
#include "bench/statistics.h"
#include "tests/row_check.h"

namespace duel::bench {
namespace {

std::string padded(const std::string& text, int width) {  // right-aligned; µ and × are one column but two bytes
  const auto columns = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
  return std::string(static_cast<size_t>(std::max<long>(0, width - columns)), ' ') + text;
}

// Of a row that was timed.
struct Numbers {
  Spread seconds;
  double fastest, flops, bytes;              // a second
  std::optional<double> of_matrix, of_copy;  // shares of the ceilings
  std::string precision;
  std::optional<double> predicted;  // seconds
};

Numbers numbers_of(const ProblemReport& r, const Entry& e) {
  const void* problem = r.problem.problem.get();
  Numbers n{
      spread_of_median(e.timing->seconds), *std::min_element(e.timing->seconds.begin(), e.timing->seconds.end()), 0, 0, {}, {}, "", {}};
  n.flops = r.op.flops(problem) / n.seconds.middle, n.bytes = minimum_bytes(r.op, problem) / n.seconds.middle;
  n.precision = precision_of(e.row, r.problem.text);
  const auto matrix = r.ceilings.matrix.find(n.precision);
  if (r.op.multiply_adds && matrix != r.ceilings.matrix.end()) n.of_matrix = n.flops / matrix->second.flops;
  n.predicted = predicted(r.op, r.problem, e.row, e.timing->launches, r.ceilings);
  if (r.ceilings.copy > 0) n.of_copy = n.bytes / r.ceilings.copy;
  return n;
}

std::string share_text(const std::optional<double>& share) { return share ? fmt::format("{:.0f} %", 100 * *share) : "-"; }
std::string noise_text(const Spread& s) { return s.width() > noisy ? fmt::format("noisy: ±{:.0f} %", 50 * s.width()) : ""; }

bool has_launches(const ProblemReport& r) {
  return std::any_of(r.entries.begin(), r.entries.end(), [](const Entry& e) { return e.timing && !e.timing->launches.empty(); });
}

// Registers of a thread, blocks that a multiprocessor holds with its occupancy, the predicted time and what that is of the measured one.
std::string launch_columns(const Timing& timing, const Numbers& n) {
  std::string registers = "-", blocks = "-", time = "-", of_measured = "-";
  if (!timing.launches.empty()) {
    const LaunchFacts& launch = heaviest(timing.launches);
    registers = fmt::format("{}", launch.registers);
    blocks = fmt::format("{}, {:.0f} %", launch.resident_blocks, 100 * occupancy(launch));
  }
  if (n.predicted) time = time_text(*n.predicted), of_measured = fmt::format("{:.2f}", *n.predicted / n.seconds.middle);
  return fmt::format(" {:>5} {:>10} {} {:>6}", registers, blocks, padded(time, 11), of_measured);
}

nlohmann::json about(const ProblemReport& r, const Row& row) {
  const std::string name = test::full_name(row, r.problem);
  return {{"name", name},
          {"run_name", name},
          {"run_type", "iteration"},
          {"op", row.op},
          {"variant", row.name},
          {"device", name_of(row.device)},
          {"problem", r.problem.text},
          {"precision", precision_of(row, r.problem.text)},
          {"baseline", row.rank == baseline_rank}};
}

void print(const ProblemReport& r, const Entry& e) {
  if (!e.verified.right) {
    fmt::print("  {:<16} WRONG  {}\n  {:<16}        {}\n", e.row.name, e.verified.why, "", e.verified.reproducer);
    return;
  }
  const std::string error = e.verified.error < 0 ? "-" : fmt::format("{:.1e}", e.verified.error);
  if (!e.timing) {
    fmt::print("  {:<16} {}; error {}, verified {}\n", e.row.name, e.remark, error, e.verified.how);
    return;
  }
  const Numbers n = numbers_of(r, e);
  std::string against = r.peer == &e ? "peer" : "";
  if (r.peer && r.peer != &e) {
    const Ratio ratio = ratio_of_medians(r.peer->timing->seconds, e.timing->seconds);
    against = fmt::format("{:.2f}× [{:.2f}, {:.2f}]", ratio.value, ratio.low, ratio.high);
  }
  std::string remarks = e.verified.how + (e.timing->prepared ? "; timed without its conversions" : "");
  if (const std::string noise = noise_text(n.seconds); !noise.empty()) remarks = noise + "; " + remarks;
  fmt::print("  {:<16} {} {} {} {} {} {} {:>7} {} {}{}   {}\n", e.row.name, padded(time_text(n.seconds.middle), 11),
             padded(time_text(n.fastest), 11), padded(fmt::format("{:.1f}", n.flops * 1e-9), 9), padded(share_text(n.of_matrix), 6),
             padded(fmt::format("{:.1f}", n.bytes * 1e-9), 8), padded(share_text(n.of_copy), 6), n.precision, padded(error, 8),
             padded(against, 20), has_launches(r) ? launch_columns(*e.timing, n) : "", remarks);
}

}  // namespace

std::string time_text(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.1f} µs", seconds * 1e6);
  return seconds < 1 ? fmt::format("{:.2f} ms", seconds * 1e3) : fmt::format("{:.2f} s", seconds);
}

std::string size_text(double value, const char* unit) {
  for (const char* prefix : {"", "k", "M", "G", "T"}) {
    if (value < 1000) return fmt::format("{:.3g} {}{}", value, prefix, unit);
    value /= 1000;
  }
  return fmt::format("{:.3g} P{}", value, unit);
}

// What others are measured against: a baseline where there is one, else the row that would be picked.
const Entry* peer_of(const std::vector<Entry>& entries) {
  const Entry* peer = nullptr;
  for (const Entry& e : entries) {
    if (!e.timing) continue;
    const bool baseline = e.row.rank == baseline_rank;
    const bool better =
        !peer || (baseline && peer->row.rank != baseline_rank) || (peer->row.rank != baseline_rank && e.row.rank > peer->row.rank);
    if (better) peer = &e;
  }
  return peer;
}

void print(const ProblemReport& r) {
  const bool several = std::count_if(r.entries.begin(), r.entries.end(), [](const Entry& e) { return e.timing.has_value(); }) > 1;
  if (r.peer)
    fmt::print("  {:<16} {:>11} {:>11} {:>9} {:>6} {:>8} {:>6} {:>7} {:>8} {:>20}{}   verified\n", "", "median", "min", "GFLOP/s", "peak",
               "GB/s", "copy", "", "error", several ? std::string("against ") + r.peer->row.name : "",
               has_launches(r) ? fmt::format(" {:>5} {:>10} {:>11} {:>6}", "regs", "blocks/SM", "predicted", "/time") : "");
  for (const Entry& e : r.entries) print(r, e);
  std::map<std::string, std::string> skipped;  // names by reason
  for (const SkippedRow& s : r.skipped) skipped[s.why] += (skipped[s.why].empty() ? "" : ", ") + std::string(s.row.name);
  for (const auto& [why, names] : skipped) fmt::print("  skipped, {}: {}\n", why, names);
}

nlohmann::json json_of(const ProblemReport& r, const SkippedRow& s) {
  nlohmann::json j = about(r, s.row);
  j["error_occurred"] = j["skipped"] = true;
  j["error_message"] = s.why;
  j["skipped_for_its_device"] = s.for_its_device;
  return j;
}

nlohmann::json json_of(const ProblemReport& r, const Entry& e) {
  nlohmann::json j = about(r, e.row);
  j.update({{"verified", e.verified.right}, {"verified_how", e.verified.how}, {"threads", 1}, {"time_unit", "us"}});
  if (!e.verified.right) {
    j["error_occurred"] = true;
    j["error_message"] = "WRONG: " + e.verified.why;
    j["reproducer"] = e.verified.reproducer;
    return j;
  }
  if (e.verified.error >= 0) j["error_against_f64"] = e.verified.error;
  if (!e.timing) {
    j["error_occurred"] = true;
    j["error_message"] = e.remark;
    return j;
  }
  const Numbers n = numbers_of(r, e);
  j["iterations"] = e.timing->iterations;
  j["repetitions"] = e.timing->seconds.size();
  j["real_time"] = j["cpu_time"] = n.seconds.middle * 1e6;
  j["min_time"] = n.fastest * 1e6;
  j["median_interval"] = {{"low", n.seconds.low * 1e6}, {"high", n.seconds.high * 1e6}};
  j["noisy"] = n.seconds.width() > noisy;
  j["FLOP"] = r.op.flops(r.problem.problem.get());
  j["minimum_bytes"] = minimum_bytes(r.op, r.problem.problem.get());
  j["GFLOP/s"] = n.flops * 1e-9;
  j["GB/s"] = n.bytes * 1e-9;
  if (n.of_matrix) j["share_of_matrix_rate"] = *n.of_matrix;
  if (n.of_copy) j["share_of_copy"] = *n.of_copy;
  if (!e.timing->launches.empty()) {
    const LaunchFacts& launch = heaviest(e.timing->launches);
    j["launches"] = e.timing->launches.size();
    j["heaviest_launch"] = {{"grid", launch.grid},
                            {"block", launch.block},
                            {"shared_bytes", launch.shared_bytes},
                            {"registers", launch.registers},
                            {"blocks_a_multiprocessor", launch.resident_blocks},
                            {"occupancy", occupancy(launch)},
                            {"waves", waves(launch)}};
  }
  if (n.predicted) j["predicted_time"] = *n.predicted * 1e6, j["predicted_over_measured"] = *n.predicted / n.seconds.middle;
  j["caches"] = r.cold ? "cold" : "warm";
  j["captured"] = e.timing->captured;
  j["conversions"] = e.timing->prepared ? "excluded" : "included";
  if (r.peer && r.peer != &e) {
    const Ratio ratio = ratio_of_medians(r.peer->timing->seconds, e.timing->seconds);
    j["speedup"] = {{"against", r.peer->row.name},
                    {"ratio", ratio.value},
                    {"low", ratio.low},
                    {"high", ratio.high},
                    {"baseline", r.peer->row.rank == baseline_rank}};
  }
  return j;
}

std::string means_against_baselines(const nlohmann::json& benchmarks) {
  struct Mean {
    std::string against, worst;
    std::set<std::string> problems;
    std::vector<double> ratios;
  };
  std::map<std::string, Mean> means;  // by op
  for (const nlohmann::json& b : benchmarks) {
    if (!b.contains("speedup") || !b["speedup"]["baseline"].get<bool>() || b["baseline"].get<bool>()) continue;
    Mean& mean = means[b["op"]];
    const std::string problem = b["problem"];
    if (!mean.problems.insert(problem).second) continue;  // rows come with the highest rank first
    const double ratio = b["speedup"]["ratio"];
    if (mean.ratios.empty() || ratio < *std::min_element(mean.ratios.begin(), mean.ratios.end())) mean.worst = problem;
    mean.ratios.push_back(ratio), mean.against = b["speedup"]["against"];
  }
  std::string text;
  for (const auto& [op, mean] : means)
    text +=
        fmt::format("{}: {:.2f}× {} in geometric mean over {} problems, each by its highest row that was timed; least, {:.2f}×, on {}\n",
                    op, geometric_mean(mean.ratios), mean.against, mean.ratios.size(),
                    *std::min_element(mean.ratios.begin(), mean.ratios.end()), mean.worst);
  return text;
}

}  // namespace duel::bench
