#include "tests/random_case.h"

#include <algorithm>
#include <set>

#include "kernels/draw.h"

namespace duel::test {
namespace {

// An integer that takes several values in the table, one of them above 2, is a size and may become any; another is a mode, and keeps to
// what the table shows.
bool is_size(const std::vector<int64_t>& seen) { return seen.size() >= 3 && seen.back() > 2; }

}  // namespace

RandomCases::RandomCases(const OpInfo& op, Limits limits) : op_(op), limits_(limits) {
  std::map<std::string, std::set<int64_t>> seen;
  for (ErasedCase& c : op.cases()) {
    if (c.tag == Tag::bench) continue;
    for (const auto& [key, value] : parse_words(c.text).integers) seen[key].insert(value);
    cases_.push_back(std::move(c));
  }
  for (const auto& [key, values] : seen) seen_[key].assign(values.begin(), values.end());
}

ErasedCase RandomCases::vary(uint64_t seed) const {
  Draw draw(seed);
  const std::string& text = cases_[draw.next() % cases_.size()].text;
  const ProblemWords words = parse_words(text);
  // Integers that the case leaves at their default are varied too.
  std::map<std::string, int64_t> integers = words.integers;
  for (const auto& [key, values] : seen_) {
    if (!draw.chance(2)) continue;
    integers[key] = is_size(values) && !draw.chance(4) ? draw_size(draw) : values[draw.next() % values.size()];
  }
  std::string varied;
  for (const auto& [key, value] : integers) varied += key + std::to_string(value);
  const size_t tail = std::min(text.find_first_of(":/"), text.size());
  return op_.parse(varied + text.substr(tail));
}

ErasedCase RandomCases::draw(uint64_t seed) const {
  for (uint64_t attempt = 0; attempt < 1000 && !(cases_.empty() && !op_.random); ++attempt) {
    const uint64_t key = mix64(seed) ^ mix64(attempt + 1);
    try {
      ErasedCase drawn = op_.random ? op_.random(key) : vary(key);
      if (op_.flops(drawn.problem.get()) <= limits_.flops && minimum_bytes(op_, drawn.problem.get()) <= limits_.bytes) return drawn;
    } catch (const Error& error) {
      if (error.kind != Failure::usage) throw;
    }
  }
  fail(Failure::internal, std::string("[") + op_.name + "] no random problem within the limits; does its table of cases hold a small one?");
}

}  // namespace duel::test
