#include "kernels/problem.h"

#include <charconv>
#include <cstdlib>

namespace duel {
namespace {

[[noreturn]] void bad(const std::string& text, const std::string& why) {
  fail(Failure::usage, "problem '" + text + "': " + why + "; written like n128h32w32c64k128r4u2pad1:bf16");
}

}  // namespace

DType parse_dtype(const std::string& name) {
  for (DType t : {DType::f32, DType::bf16, DType::f64, DType::i32, DType::u8})
    if (name == name_of(t)) return t;
  fail(Failure::usage, "no dtype is called '" + name + "'; there are f32, bf16, f64, i32, u8");
}

ProblemWords parse_words(const std::string& text) {
  ProblemWords words;
  words.source = text;
  if (text.size() > 4096) bad(text.substr(0, 40) + "…", "longer than 4096 characters");
  size_t at = 0;
  const size_t head_end = std::min(text.find_first_of(":/"), text.size());
  while (at < head_end) {
    const size_t key = at;
    while (at < head_end && ((text[at] >= 'a' && text[at] <= 'z') || text[at] == '_')) ++at;
    if (at == key) bad(text, "expected a key at '" + text.substr(key) + "'");
    const std::string name = text.substr(key, at - key);
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + head_end, value);
    if (error != std::errc{}) bad(text, "key " + name + " has no number");
    if (!words.integers.emplace(name, value).second) bad(text, "key " + name + " appears twice");
    at = static_cast<size_t>(end - text.data());
  }
  if (at < text.size() && text[at] == ':') {
    const size_t end = std::min(text.find('/', at), text.size());
    words.dtype = parse_dtype(text.substr(at + 1, end - at - 1));
    at = end;
  }
  while (at < text.size()) {  // text[at] == '/'
    const size_t end = std::min(text.find('/', at + 1), text.size());
    const std::string word = text.substr(at + 1, end - at - 1);
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) bad(text, "'" + word + "' is not key=value");
    if (!words.options.emplace(word.substr(0, equals), word.substr(equals + 1)).second) bad(text, "option " + word + " appears twice");
    at = end;
  }
  return words;
}

std::string short_number(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(value));
  return std::string(buffer, end);
}

double ProblemReader::read_number(const std::string& text) const {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size()) refuse("'" + text + "' is not a number");
  return value;
}

void ProblemReader::refuse(const std::string& why) const { bad(words_.source, why); }

void ProblemReader::finish() const {
  if (!words_.integers.empty()) refuse("no key is called " + words_.integers.begin()->first);
  if (!words_.options.empty()) refuse("no option is called " + words_.options.begin()->first);
}

}  // namespace duel
