#include "bench/kernel_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <regex>
#include <set>

#include "bench/kernel_report.h"
#include "bench/problem_list.h"
#include "engine/row_stand.h"

namespace duel::bench {
namespace {

constexpr double patience = 4;  // × seconds: a row that would need more for its fewest rounds is only timed when asked for by name

// A problem, and the rows that were asked for: those that support it, and those that do not; highest rank first.
struct Work {
  const OpInfo* op;
  ErasedCase problem;
  std::vector<Row> rows;
  std::vector<SkippedRow> skipped;
};

void bench_problem(const Work& work, const KernelBenchOptions& options, KernelBenchResult& result) {
  const OpInfo& op = *work.op;
  const ErasedCase& problem = work.problem;
  fmt::print("{}  {}   {}, {} at least\n", op.name, problem.text, size_text(op.flops(problem.problem.get()), "FLOP"),
             size_text(minimum_bytes(op, problem.problem.get()), "B"));
  Verifier verifier(op, problem, options.seed);
  ProblemReport report{op, problem, result.ceilings, options.cold, {}, nullptr, work.skipped};
  std::vector<Row> timed;
  for (const Row& row : work.rows) {
    Entry e{row, verifier.verify(row), std::nullopt, ""};
    const double expected = row.rank == reference_rank ? e.verified.reference_seconds : 0;
    if (is_simulated(row.device)) e.remark = "not timed: a simulated GPU's time says nothing of a real one's";
    else if (expected * 3 > patience * options.seconds && options.variant != row.name)
      e.remark = fmt::format("not timed: about {} a call (--variant {} times it)", time_text(expected), row.name);
    else if (e.verified.right) timed.push_back(row);
    report.entries.push_back(std::move(e));
  }
  const std::vector<Timing> timings = contest(op, problem, timed, {options.seconds, options.cold, options.seed});
  for (size_t i = 0; i < timed.size(); ++i)
    for (Entry& e : report.entries)
      if (std::string(e.row.name) == timed[i].name) e.timing = timings[i];
  report.peer = peer_of(report.entries);
  print(report);
  for (const Entry& e : report.entries) {
    result.benchmarks.push_back(json_of(report, e));
    ++result.rows;
    result.wrong += !e.verified.right;
  }
  for (const SkippedRow& s : report.skipped) result.benchmarks.push_back(json_of(report, s));
  result.skipped += report.entries.empty();
  std::fflush(stdout);
}

void list_skipped(const Work& work) {
  for (const SkippedRow& s : work.skipped)
    if (s.for_its_device) fmt::print("{}   skipped, {}\n", test::full_name(s.row, work.problem), s.why);
}

void list(const Work& work) {
  for (const Row& row : work.rows) {
    const Capabilities c = row.device == Device::cpu ? Capabilities{} : capabilities_of(row, work.problem.problem.get());
    fmt::print("{}{}\n", test::full_name(row, work.problem),
               c.lowest && !c.any() ? "   compute capability " + capability_text(c) : std::string());
  }
  list_skipped(work);
}

// What a profiler is to see: a call that finds everything loaded and warm, in a range of its own.
void run_once(const Work& work, const KernelBenchOptions& options, KernelBenchResult& result) {
  const void* problem = work.problem.problem.get();
  list_skipped(work);
  result.skipped += work.rows.empty();
  for (const Row& row : work.rows) {
    RowStand stand(*work.op, problem, row.device, row.scratch(problem), options.seed);
    stand.call(row);
    stand.device().synchronise();
    if (stand.device().range_push) stand.device().range_push("once", row.name);
    stand.call(row);
    stand.device().synchronise();
    if (stand.device().range_pop) stand.device().range_pop();
    fmt::print("{}\n", test::full_name(row, work.problem));
    ++result.rows;
  }
}

// Verifying holds inputs, answer and outputs at once, on the host and on the device.
std::string too_large(const Work& work, const KernelBenchOptions& options) {
  const void* problem = work.problem.problem.get();
  double bytes = 0, scratch = 0;
  for (const Buffer& b : work.op->buffers(problem)) bytes += static_cast<double>(b.bytes());
  for (const Row& row : work.rows) scratch = std::max(scratch, static_cast<double>(row.scratch(problem)));
  const double needed = (options.run_once ? 1 : 4) * bytes + scratch;
  const double free = static_cast<double>(std::min(backend(Device::cpu).free_memory(), backend(options.device).free_memory()));
  if (needed <= free) return "";
  return fmt::format("[{}] {} needs {} to {}, and {} are free; a smaller problem does", work.op->name, work.problem.text,
                     size_text(needed, "B"), options.run_once ? "run" : "verify and time", size_text(free, "B"));
}

std::vector<ErasedCase> cases_of(const OpInfo& op, const KernelBenchOptions& options, const std::vector<ListedProblem>& listed) {
  std::vector<ErasedCase> cases;
  if (!options.problems.empty()) {
    for (const ListedProblem& p : listed)
      if (is_of_family(op, p.family)) cases.push_back(op.parse(p.text));
    return cases;
  }
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

std::vector<Work> chosen(const KernelBenchOptions& options) {
  std::regex filter;
  try {
    filter = std::regex(options.filter);
  } catch (const std::regex_error& error) {
    fail(Failure::usage, "--filter '" + options.filter + "' is no regular expression: " + error.what());
  }
  std::vector<ListedProblem> listed;
  if (!options.problems.empty()) listed = read_problem_list(options.problems);
  std::vector<Work> all;
  for (const OpInfo& op : ops()) {
    if (!options.op.empty() && options.op != op.name) continue;
    for (ErasedCase& problem : cases_of(op, options, listed)) {
      std::vector<Row> asked;
      for (const Row& row : rows_of(op.name))
        if (row.device == options.device && (options.variant.empty() || options.variant == row.name) &&
            std::regex_search(test::full_name(row, problem), filter))
          asked.push_back(row);
      std::stable_sort(asked.begin(), asked.end(), [](const Row& a, const Row& b) { return a.rank > b.rank; });
      Work work{&op, std::move(problem), {}, {}};
      bool of_this_problem = false;  // or of a problem that is other rows' affair
      for (const Row& row : asked)
        if (row.supports(work.problem.problem.get())) work.rows.push_back(row), of_this_problem = true;
        else work.skipped.push_back(skipped(row, work.problem.problem.get())), of_this_problem |= work.skipped.back().for_its_device;
      if (of_this_problem) all.push_back(std::move(work));
    }
  }
  return all;
}

}  // namespace

KernelBenchResult bench_kernels(const KernelBenchOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  KernelBenchResult result;
  if (!options.op.empty()) find_op(options.op);
  if (!options.list) backend(options.device);
  const std::vector<Work> all = chosen(options);
  if (!options.list && !options.run_once && options.ceilings && !all.empty() && !is_simulated(options.device)) {
    std::set<std::string> dtypes;
    for (const Work& work : all)
      if (work.op->multiply_adds) dtypes.insert(dtype_of(work.problem.text));
    result.ceilings = measure_ceilings(options.device, dtypes, std::min(options.seconds, 0.3), options.seed, options.cold);
    fmt::print("{}\n", result.ceilings.text());
  }
  for (const Work& work : all) {
    if (options.list) {
      list(work);
      result.rows += static_cast<int>(work.rows.size()), result.skipped += work.rows.empty();
      continue;
    }
    const bool late = options.within > 0 && std::chrono::steady_clock::now() - began > std::chrono::duration<double>(options.within);
    if (const std::string why = late ? fmt::format("[{}] {} not begun: {:g} s are over", work.op->name, work.problem.text, options.within)
                                     : too_large(work, options);
        !why.empty()) {
      if (!options.problem.empty() && !late) fail(Failure::memory, why);
      fmt::print("{}\n", why);
      ++result.skipped;
      const std::string name = fmt::format("{}/{}/{}", work.op->name, name_of(options.device), work.problem.text);
      result.benchmarks.push_back(
          {{"name", name}, {"op", work.op->name}, {"problem", work.problem.text}, {"error_occurred", true}, {"error_message", why}});
      continue;
    }
    if (options.run_once) run_once(work, options, result);
    else bench_problem(work, options, result);
  }
  if (!options.problems.empty()) fmt::print("{}", means_against_baselines(result.benchmarks));
  if (result.rows == 0 && result.skipped == 0) {
    const bool known = options.problem.empty() || std::any_of(ops().begin(), ops().end(), [&](const OpInfo& op) {
                         return (options.op.empty() || options.op == op.name) && !cases_of(op, options, {}).empty();
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
