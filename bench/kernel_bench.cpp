#include "bench/kernel_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <regex>

#include "bench/contest.h"
#include "bench/statistics.h"
#include "bench/verify.h"

namespace duel::bench {
namespace {

constexpr double patience = 4;  // × seconds: a row that would need more for its fewest rounds is only timed when asked for by name

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

std::string padded(const std::string& text, int width) {  // right-aligned; µ and × are one column but two bytes
  const auto columns = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
  return std::string(static_cast<size_t>(std::max<long>(0, width - columns)), ' ') + text;
}

struct Entry {
  Row row;
  Verification verified;
  std::optional<Timing> timing;
  std::string remark;
};

nlohmann::json json_of(const Entry& e, const OpInfo& op, const ErasedCase& problem, const Entry* peer, const KernelBenchOptions& options) {
  const std::string name = test::full_name(e.row, problem);
  nlohmann::json j{{"name", name},
                   {"run_name", name},
                   {"run_type", "iteration"},
                   {"op", e.row.op},
                   {"variant", e.row.name},
                   {"device", name_of(e.row.device)},
                   {"problem", problem.text},
                   {"baseline", e.row.rank == baseline_rank},
                   {"verified", e.verified.right},
                   {"verified_how", e.verified.how},
                   {"threads", 1},
                   {"time_unit", "us"}};
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
  const double seconds = median(e.timing->seconds);
  j["iterations"] = e.timing->iterations;
  j["repetitions"] = e.timing->seconds.size();
  j["real_time"] = j["cpu_time"] = seconds * 1e6;
  j["min_time"] = *std::min_element(e.timing->seconds.begin(), e.timing->seconds.end()) * 1e6;
  j["GFLOP/s"] = op.flops(problem.problem.get()) / seconds * 1e-9;
  j["GB/s"] = minimum_bytes(op, problem.problem.get()) / seconds * 1e-9;
  j["caches"] = options.cold ? "cold" : "warm";
  j["captured"] = e.timing->captured;
  j["conversions"] = e.timing->prepared ? "excluded" : "included";
  if (peer && peer != &e) {
    const Ratio r = ratio_of_medians(peer->timing->seconds, e.timing->seconds);
    j["speedup"] = {{"against", peer->row.name}, {"ratio", r.value}, {"low", r.low}, {"high", r.high}};
  }
  return j;
}

void print(const Entry& e, const OpInfo& op, const ErasedCase& problem, const Entry* peer) {
  if (!e.verified.right) {
    fmt::print("  {:<16} WRONG  {}\n  {:<16}        {}\n", e.row.name, e.verified.why, "", e.verified.reproducer);
    return;
  }
  const std::string error = e.verified.error < 0 ? "-" : fmt::format("{:.1e}", e.verified.error);
  if (!e.timing) {
    fmt::print("  {:<16} {}; error {}, verified {}\n", e.row.name, e.remark, error, e.verified.how);
    return;
  }
  const double seconds = median(e.timing->seconds);
  std::string against = peer == &e ? "peer" : "";
  if (peer && peer != &e) {
    const Ratio r = ratio_of_medians(peer->timing->seconds, e.timing->seconds);
    against = fmt::format("{:.2f}× [{:.2f}, {:.2f}]", r.value, r.low, r.high);
  }
  fmt::print("  {:<16} {} {} {} {} {} {}   {}\n", e.row.name, padded(time_text(seconds), 11),
             padded(time_text(*std::min_element(e.timing->seconds.begin(), e.timing->seconds.end())), 11),
             padded(fmt::format("{:.1f}", op.flops(problem.problem.get()) / seconds * 1e-9), 9),
             padded(fmt::format("{:.1f}", minimum_bytes(op, problem.problem.get()) / seconds * 1e-9), 8), padded(error, 8),
             padded(against, 20), e.verified.how + (e.timing->prepared ? "; timed without its conversions" : ""));
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

void bench_problem(const OpInfo& op, const ErasedCase& problem, const std::vector<Row>& rows, const KernelBenchOptions& options,
                   KernelBenchResult& result) {
  fmt::print("{}  {}   {}, {} at least\n", op.name, problem.text, size_text(op.flops(problem.problem.get()), "FLOP"),
             size_text(minimum_bytes(op, problem.problem.get()), "B"));
  Verifier verifier(op, problem, options.seed);
  std::vector<Entry> entries;
  std::vector<Row> timed;
  for (const Row& row : rows) {
    Entry e{row, verifier.verify(row), std::nullopt, ""};
    const double expected = row.rank == reference_rank ? e.verified.reference_seconds : 0;
    if (is_simulated(row.device)) e.remark = "not timed: a simulated GPU's time says nothing of a real one's";
    else if (expected * 3 > patience * options.seconds && options.variant != row.name)
      e.remark = fmt::format("not timed: about {} a call (--variant {} times it)", time_text(expected), row.name);
    else if (e.verified.right) timed.push_back(row);
    entries.push_back(std::move(e));
  }
  const std::vector<Timing> timings = contest(op, problem, timed, {options.seconds, options.cold, options.seed});
  for (size_t i = 0; i < timed.size(); ++i)
    for (Entry& e : entries)
      if (std::string(e.row.name) == timed[i].name) e.timing = timings[i];
  const Entry* peer = peer_of(entries);
  if (!timed.empty())
    fmt::print("  {:<16} {:>11} {:>11} {:>9} {:>8} {:>8} {:>20}   verified\n", "", "median", "min", "GFLOP/s", "GB/s", "error",
               timed.size() > 1 ? std::string("against ") + peer->row.name : "");
  for (const Entry& e : entries) {
    print(e, op, problem, timed.size() > 1 ? peer : nullptr);
    result.benchmarks.push_back(json_of(e, op, problem, peer, options));
    ++result.rows;
    result.wrong += !e.verified.right;
  }
  std::fflush(stdout);
}

// Verifying holds inputs, answer and outputs at once, on the host and on the device.
std::string too_large(const OpInfo& op, const ErasedCase& problem, Device device) {
  double bytes = 0;
  for (const Buffer& b : op.buffers(problem.problem.get())) bytes += static_cast<double>(b.bytes());
  const double needed = 4 * bytes;
  const double free = static_cast<double>(std::min(backend(Device::cpu).free_memory(), backend(device).free_memory()));
  if (needed <= free) return "";
  return fmt::format("[{}] {} needs {} to verify and time, and {} are free; a smaller problem does", op.name, problem.text,
                     size_text(needed, "B"), size_text(free, "B"));
}

std::vector<ErasedCase> cases_of(const OpInfo& op, const KernelBenchOptions& options) {
  std::vector<ErasedCase> cases;
  if (!options.problem.empty()) {
    try {
      cases.push_back(op.parse(options.problem));
    } catch (const Error&) {  // one op's problem is not another's; but the op that was asked for should say what is wrong
      if (!options.op.empty()) throw;
    }
    return cases;
  }
  for (ErasedCase& c : op.cases())
    if (options.tag == tag_names[static_cast<int>(c.tag)] || options.tag == "all") cases.push_back(std::move(c));
  return cases;
}

}  // namespace

KernelBenchResult bench_kernels(const KernelBenchOptions& options) {
  KernelBenchResult result;
  std::regex filter;
  try {
    filter = std::regex(options.filter);
  } catch (const std::regex_error& error) {
    fail(Failure::usage, "--filter '" + options.filter + "' is no regular expression: " + error.what());
  }
  if (!options.op.empty()) find_op(options.op);
  if (!options.list) backend(options.device);
  for (const OpInfo& op : ops()) {
    if (!options.op.empty() && options.op != op.name) continue;
    for (const ErasedCase& problem : cases_of(op, options)) {
      std::vector<Row> chosen;
      for (const Row& row : rows_of(op.name))
        if (row.device == options.device && row.supports(problem.problem.get()) &&
            (options.variant.empty() || options.variant == row.name) && std::regex_search(test::full_name(row, problem), filter))
          chosen.push_back(row);
      std::stable_sort(chosen.begin(), chosen.end(), [](const Row& a, const Row& b) { return a.rank > b.rank; });
      if (chosen.empty()) continue;
      if (!options.list) {
        if (const std::string why = too_large(op, problem, options.device); !why.empty()) {
          if (!options.problem.empty()) fail(Failure::memory, why);
          fmt::print("{}\n", why);
          continue;
        }
        bench_problem(op, problem, chosen, options, result);
        continue;
      }
      for (const Row& row : chosen) fmt::print("{}\n", test::full_name(row, problem));
      result.rows += static_cast<int>(chosen.size());
    }
  }
  if (result.rows == 0) {
    const bool known = options.problem.empty() || std::any_of(ops().begin(), ops().end(), [&](const OpInfo& op) {
                         return (options.op.empty() || options.op == op.name) && !cases_of(op, options).empty();
                       });
    if (!known) fail(Failure::usage, "--problem '" + options.problem + "' is no op's problem; --list prints those of the table");
    std::string names;
    for (const Row& row : rows())
      if (row.device == options.device && (options.op.empty() || options.op == row.op))
        names += (names.empty() ? "" : ", ") + std::string(row.op) + "/" + row.name;
    fail(Failure::usage, std::string("no row on ") + name_of(options.device) + " fits" +
                             (options.problem.empty() ? "" : " " + options.problem) + "; there are " + (names.empty() ? "none" : names) +
                             "; --list prints rows and problems");
  }
  return result;
}

}  // namespace duel::bench
