#include "bench/problem_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "kernels/error.h"

namespace duel::bench {
namespace {

namespace fs = std::filesystem;

const fs::path lists = fs::path(DUEL_SOURCE_DIR) / "bench" / "problems";

std::string known_lists() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(lists, error))
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none (" + lists.string() + " is gone)" : text;
}

// "n8h8w8c3k4r3" and "bf16" → "n8h8w8c3k4r3:bf16"; the type goes before options.
std::string typed(const std::string& problem, const std::string& dtype) {
  const size_t options = std::min(problem.find('/'), problem.size());
  return problem.substr(0, options) + ":" + dtype + problem.substr(options);
}

}  // namespace

bool is_of_family(const OpInfo& op, const std::string& family) {
  const std::string name = op.name;
  return name == family || name.starts_with(family + "_");
}

std::vector<ListedProblem> read_problem_list(const std::string& name) {
  const size_t colon = name.rfind(':');
  const std::string which = name.substr(0, colon), dtype = colon == std::string::npos ? "f32" : name.substr(colon + 1);
  parse_dtype(dtype);  // or says which there are
  std::error_code error;
  const fs::path named = lists / (which + ".txt"),
                 path = which.find('/') == std::string::npos && fs::exists(named, error) ? named : fs::path(which);
  std::ifstream in(path);
  if (fs::is_directory(path, error) || !in)
    fail(Failure::usage, fmt::format("--problems {}: there are {}, and no such file can be read", which, known_lists()));
  std::vector<ListedProblem> problems;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::istringstream words(line.substr(0, line.find('#')));
    std::string problem, times, more;
    ListedProblem p;
    if (!(words >> p.family)) continue;
    const auto refuse = [&](const std::string& why) { fail(Failure::data, fmt::format("{}:{}: {}", path.string(), number, why)); };
    words >> problem >> times >> more;
    if (problem.empty() || problem.find(':') != std::string::npos || !more.empty())
      refuse("wanted a family, a problem without its type and perhaps xN, as in: conv2d n32h56w56c64k64r3pad1 x3");
    if (!times.empty()) {
      const char* end = times.c_str() + times.size();
      const auto number = std::from_chars(times.c_str() + 1, end, p.times);
      if (times[0] != 'x' || number.ptr != end || number.ec != std::errc() || p.times < 1) refuse(times + " is not xN with N from 1 on");
    }
    p.text = typed(problem, dtype);
    bool taken = false;
    for (const OpInfo& op : ops())
      if (is_of_family(op, p.family)) try {
          op.parse(p.text), taken = true;
        } catch (const Error& error) {
          refuse(error.what());
        }
    if (!taken) refuse("no op is of the family " + p.family);
    problems.push_back(p);
  }
  if (problems.empty()) fail(Failure::data, path.string() + " lists no problem");
  return problems;
}

}  // namespace duel::bench
