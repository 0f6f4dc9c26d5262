#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

#include "bench/kernel_report.h"
#include "engine/io/atomic_file.h"
#include "kernels/error.h"

namespace duel::bench {
namespace {

std::string share(const nlohmann::json& b, const char* key) {
  return b.contains(key) ? fmt::format("{:.0f} %", 100 * b[key].get<double>()) : "–";
}

// Registers, blocks a multiprocessor and the predicted time, of a table in which some row has them.
std::string launch_cells(const nlohmann::json& b) {
  std::string cells = " – | – |";
  if (b.contains("heaviest_launch")) {
    const nlohmann::json& launch = b["heaviest_launch"];
    cells = fmt::format(" {} | {}, {:.0f} % |", launch["registers"].get<int>(), launch["blocks_a_multiprocessor"].get<int>(),
                        100 * launch["occupancy"].get<double>());
  }
  if (!b.contains("predicted_time")) return cells + " – |";
  return cells + fmt::format(" {}, {:.2f} of the median |", time_text(b["predicted_time"].get<double>() * 1e-6),
                             b["predicted_over_measured"].get<double>());
}

std::string line(const nlohmann::json& b, bool launches) {
  const std::string row = fmt::format("`{}`", b["variant"].get<std::string>());
  const std::string error = b.contains("error_against_f64") ? fmt::format("{:.1e}", b["error_against_f64"].get<double>()) : "–";
  if (!b.contains("real_time")) {
    std::string why = b["error_message"];
    for (size_t at = 0; (at = why.find('|', at)) != std::string::npos; at += 2) why.insert(at, "\\");
    return fmt::format("| {} | {} | | | | | {} | {} | |{}\n", row, why, b["precision"].get<std::string>(), error, launches ? " | | |" : "");
  }
  std::string against = "–";
  if (b.contains("speedup"))
    against =
        fmt::format("{:.2f}× `{}` ({:.2f} to {:.2f})", b["speedup"]["ratio"].get<double>(), b["speedup"]["against"].get<std::string>(),
                    b["speedup"]["low"].get<double>(), b["speedup"]["high"].get<double>());
  return fmt::format("| {} | {}{} | {:.1f} | {} | {:.1f} | {} | {} | {} | {} |{}\n", row, time_text(b["real_time"].get<double>() * 1e-6),
                     b["noisy"].get<bool>() ? ", noisy" : "", b["GFLOP/s"].get<double>(), share(b, "share_of_matrix_rate"),
                     b["GB/s"].get<double>(), share(b, "share_of_copy"), b["precision"].get<std::string>(), error, against,
                     launches ? launch_cells(b) : "");
}

std::string table(const nlohmann::json& benchmarks, const std::string& op, const std::string& problem) {
  std::vector<const nlohmann::json*> lines;
  bool launches = false;
  std::string skipped;  // what runs the problem elsewhere; rows that are for other problems are no news
  for (const nlohmann::json& b : benchmarks) {
    if (!b.contains("variant") || b["op"] != op || b["problem"] != problem) continue;
    if (!b.value("skipped", false)) lines.push_back(&b), launches = launches || b.contains("heaviest_launch");
    else if (b["skipped_for_its_device"].get<bool>())
      skipped +=
          fmt::format("{}`{}` {}", skipped.empty() ? "" : "; ", b["variant"].get<std::string>(), b["error_message"].get<std::string>());
  }
  std::string text;
  for (const nlohmann::json* b : lines) text += line(*b, launches);
  if (!text.empty())
    text = fmt::format(
        "| row | median | GFLOP/s | of the matrix rate | GB/s | of a copy | precision | error against f64 | speed |{}\n"
        "|---|---|---|---|---|---|---|---|---|{}\n{}",
        launches ? " registers | blocks a multiprocessor | predicted |" : "", launches ? "---|---|---|" : "", text);
  if (!skipped.empty()) text += fmt::format("{}Skipped: {}.\n", text.empty() ? "" : "\n", skipped);
  return text;
}

// A table's place in a file: what stands between its marks.
struct Marked {
  std::string op, problem;
  size_t begin, end;
};
struct MarkedFile {
  std::string text;
  std::vector<Marked> tables;
};
MarkedFile read_marked(const std::string& path) {
  std::ifstream in(path);
  if (!in) fail(Failure::data, "--markdown: cannot read " + path + "; it is a file with marks <!-- bench OP PROBLEM --> … <!-- end -->");
  std::stringstream read;
  read << in.rdbuf();
  MarkedFile file{read.str(), {}};
  const std::string& text = file.text;
  const std::string end = "<!-- end -->", next = "<!-- bench ";
  const std::regex mark("<!-- bench (\\S+) (\\S+) -->\n");
  for (std::sregex_iterator m(text.begin(), text.end(), mark), none; m != none; ++m) {
    const size_t begin = static_cast<size_t>(m->position() + m->length()), stop = text.find(end, begin);
    if (stop == std::string::npos || text.find(next, begin) < stop)
      fail(Failure::data, fmt::format("{}: {} has no {}", path, m->str(0).substr(0, static_cast<size_t>(m->length()) - 1), end));
    file.tables.push_back({m->str(1), m->str(2), begin, stop});
  }
  if (file.tables.empty()) fail(Failure::data, path + " has no marks <!-- bench OP PROBLEM --> … <!-- end --> to fill between");
  return file;
}

std::string measured_on(const nlohmann::json& context) {
  const auto word = [&](const char* key) { return context.contains(key) ? context[key].get<std::string>() : ""; };
  return fmt::format("{}, {} threads, commit {}, {}, caches {}. Most it can do: {}.\n", word("device_name"), context.value("threads", 0),
                     word("commit"), word("date").substr(0, 10), word("caches"), word("most"));
}

// How many of a file's tables are of problems that were asked for, also where time or memory did not suffice; adds to `asked` which there
// are.
size_t fill(const std::string& path, const nlohmann::json& results, std::string& asked) {
  const MarkedFile file = read_marked(path);
  std::string written;
  size_t at = 0, filled = 0, met = 0;
  for (const Marked& marked : file.tables) {
    asked += fmt::format("{}{} {}", asked.empty() ? "" : ", ", marked.op, marked.problem);
    const std::string filling = table(results["benchmarks"], marked.op, marked.problem);
    written += file.text.substr(at, marked.begin - at) + (filling.empty() ? file.text.substr(marked.begin, marked.end - marked.begin)
                                                                          : filling + "\n" + measured_on(results["context"]));
    at = marked.end, filled += !filling.empty();
    for (const nlohmann::json& b : results["benchmarks"])
      if (b.value("op", "") == marked.op && b.value("problem", "") == marked.problem) {
        ++met;
        break;
      }
  }
  if (filled) write_file_atomic(path, written + file.text.substr(at));
  return met;
}

}  // namespace

std::string markdown_of(const nlohmann::json& benchmarks) {
  std::string text;
  std::vector<std::pair<std::string, std::string>> seen;
  for (const nlohmann::json& b : benchmarks) {
    if (!b.contains("variant")) continue;
    const std::pair<std::string, std::string> which(b["op"], b["problem"]);
    if (std::find(seen.begin(), seen.end(), which) != seen.end()) continue;
    seen.push_back(which);
    text +=
        fmt::format("{}`{}` `{}`\n\n{}", text.empty() ? "" : "\n", which.first, which.second, table(benchmarks, which.first, which.second));
  }
  return text;
}

void check_markdown(const std::string& path) { read_marked(path); }

void fill_markdown(const std::vector<std::string>& paths, const nlohmann::json& results) {
  std::string asked;
  size_t met = 0;
  for (const std::string& path : paths) met += fill(path, results, asked);
  if (!met)
    fail(Failure::usage,
         fmt::format("--markdown {}: none of its tables is of a problem that was run; it has marks for {}", fmt::join(paths, " "), asked));
}

}  // namespace duel::bench
