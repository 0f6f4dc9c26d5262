// What bench_kernels says of a row on a problem: on the terminal, in JSON, as Markdown.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/ceilings.h"
#include "bench/contest.h"
#include "bench/skipped_rows.h"
#include "bench/verify.h"

namespace duel::bench {

struct Entry {
  Row row;
  Verification verified;
  std::optional<Timing> timing;
  std::string remark;  // why there is none
};

// One problem with all its rows, as it is reported.
struct ProblemReport {
  const OpInfo& op;
  const ErasedCase& problem;
  const Ceilings& ceilings;
  bool cold;
  std::vector<Entry> entries;
  const Entry* peer = nullptr;      // what others are measured against
  std::vector<SkippedRow> skipped;  // rows of the op that were asked for and do not run this problem here
};

constexpr double noisy = 0.1;  // of the median: a wider interval means that the machine did something else too

std::string time_text(double seconds);
std::string size_text(double value, const char* unit);

const Entry* peer_of(const std::vector<Entry>& entries);  // a baseline where there is one, else the row that rank would pick
void print(const ProblemReport& report);
nlohmann::json json_of(const ProblemReport& report, const Entry& entry);
nlohmann::json json_of(const ProblemReport& report, const SkippedRow& skipped);

// For each op the row that rank would pick against the baseline, over all problems that have one: a line an op, from what json_of() says.
std::string means_against_baselines(const nlohmann::json& benchmarks);

// A table a problem, from what json_of() says. `benchmarks` of several problems are grouped by op and problem, in their order.
std::string markdown_of(const nlohmann::json& benchmarks);
// Writes the tables of READMEs anew: each stands between <!-- bench OP PROBLEM --> and <!-- end -->. Those of problems that are not among
// the benchmarks stay. Throws Error(usage) where none is, naming those that the file asks for, and Error(data).
void check_markdown(const std::string& path);  // that it can be read; throws the same
void fill_markdown(const std::vector<std::string>& paths, const nlohmann::json& results);

}  // namespace duel::bench
