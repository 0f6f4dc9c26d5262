// Problem strings: how tests and benches print a problem and take it back.
//
//   n128h32w32c64k128r4u2pad1:bf16        keys and integers, then the dtype
//   n8i1024c64:f32/fn=leaky_relu/slope=0.2      then options
//
// A problem struct lists its fields once, in `each`, and gets text() and parse() from here:
//
//   struct SoftmaxProblem {
//     int64_t rows = 1;
//     DType dtype = DType::f32;
//     template <class F> void each(F&& f) { f.integer("rows", rows), f.type(dtype); }
//     std::string text() const;                               // return problem_text(*this);
//     static SoftmaxProblem parse(const std::string& text);   // return parse_problem<SoftmaxProblem>(text);
//   };
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "kernels/dtype.h"
#include "kernels/error.h"

namespace duel {

// The pieces of a problem string. Throws Error(usage) on anything that is not one, naming the piece.
struct ProblemWords {
  std::map<std::string, int64_t> integers;
  std::map<std::string, std::string> options;  // "fn" → "relu"
  DType dtype = DType::f32;
  std::string source;
};
ProblemWords parse_words(const std::string& text);
DType parse_dtype(const std::string& name);  // throws Error(usage)
std::string short_number(double value);      // the shortest text that reads back as the same float

class ProblemWriter {
 public:
  template <class I>
  void integer(const char* key, const I& value) {
    head_ += key + std::to_string(value);
  }
  void type(const DType& dtype) { dtype_ = dtype; }
  template <class E, size_t N>
  void choice(const char* key, const E& value, const char* const (&names)[N]) {
    tail_ += std::string("/") + key + "=" + names[static_cast<size_t>(value)];
  }
  template <class R>
  void real(const char* key, const R& value, R standard) {
    if (value != standard) tail_ += std::string("/") + key + "=" + short_number(value);
  }
  void flag(const char* key, const bool& value) {
    if (value) tail_ += std::string("/") + key + "=1";
  }
  // A field with a spelling of its own: write(value) → text without '/', read(text) → value.
  template <class V, class Write, class Read>
  void spelled(const char* key, const V& value, Write write, Read) {
    if (const std::string text = write(value); !text.empty()) tail_ += std::string("/") + key + "=" + text;
  }
  std::string text() const { return head_ + ":" + name_of(dtype_) + tail_; }

 private:
  std::string head_, tail_;
  DType dtype_ = DType::f32;
};

// Reads fields out of the words and, at the end, refuses what no field asked for.
class ProblemReader {
 public:
  explicit ProblemReader(ProblemWords words) : words_(std::move(words)) {}
  template <class I>
  void integer(const char* key, I& value) {
    if (auto it = words_.integers.find(key); it != words_.integers.end()) {
      value = static_cast<I>(it->second);
      if (static_cast<int64_t>(value) != it->second) refuse(std::string(key) + " is out of range");
      words_.integers.erase(it);
    }
  }
  void type(DType& dtype) { dtype = words_.dtype; }
  template <class E, size_t N>
  void choice(const char* key, E& value, const char* const (&names)[N]) {
    auto it = words_.options.find(key);
    if (it == words_.options.end()) return;
    for (size_t i = 0; i < N; ++i)
      if (it->second == names[i]) {
        value = static_cast<E>(i);
        words_.options.erase(it);
        return;
      }
    refuse(std::string(key) + " has no choice " + it->second);
  }
  template <class R>
  void real(const char* key, R& value, R standard) {
    value = standard;
    if (auto it = words_.options.find(key); it != words_.options.end()) {
      value = static_cast<R>(read_number(it->second));
      words_.options.erase(it);
    }
  }
  void flag(const char* key, bool& value) {
    double number = 0;
    real(key, number, 0.0);
    value = number != 0;
  }
  template <class V, class Write, class Read>
  void spelled(const char* key, V& value, Write, Read read) {
    if (auto it = words_.options.find(key); it != words_.options.end()) {
      value = read(it->second);
      words_.options.erase(it);
    }
  }
  void finish() const;  // throws Error(usage) when something was not read

 private:
  double read_number(const std::string& text) const;
  [[noreturn]] void refuse(const std::string& why) const;
  ProblemWords words_;
};

template <class P>
std::string problem_text(const P& problem) {
  ProblemWriter writer;
  const_cast<P&>(problem).each(writer);  // `each` is written once, non-const, for reading and writing; the writer only reads
  return writer.text();
}
template <class P>
P parse_problem(const std::string& text) {
  P problem;
  ProblemReader reader(parse_words(text));
  problem.each(reader);
  reader.finish();
  return problem;
}

}  // namespace duel
