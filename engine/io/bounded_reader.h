// The one reader that every binary format goes through. Every length is compared with what is left before it is used, every product is
// checked, and nothing is allocated for a number that has not been validated. No asserts: a lying file is an error, not a bug.
#pragma once
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>

#include "engine/io/file.h"
#include "kernels/error.h"

namespace duel {

[[noreturn]] inline void refuse_file(const std::string& source, const std::string& why) {
  const bool advised = why.find("pass --") != std::string::npos;
  fail(Failure::data, fmt::format("'{}': {}{}", printable(source, 4096), why, advised ? "" : "; fetch the file again, or use another"));
}

// "1 byte follows", "2 bytes follow".
inline std::string bytes_follow(uint64_t count) { return counted(count, "byte") + (count == 1 ? " follows" : " follow"); }

// The product of all factors; false when it does not fit 64 bits.
inline bool checked_product(std::initializer_list<uint64_t> factors, uint64_t* product) {
  *product = 1;
  for (const uint64_t factor : factors)
    if (__builtin_mul_overflow(*product, factor, product)) return false;
  return true;
}

class BoundedReader {
 public:
  // `source` is the path or other name that errors print. The bytes must outlive the reader.
  BoundedReader(std::span<const std::byte> bytes, std::string source) : bytes_(bytes), source_(std::move(source)) {}

  size_t left() const { return bytes_.size() - at_; }
  size_t position() const { return at_; }
  const std::string& source() const { return source_; }
  bool could_yield(uint64_t count) const { return count <= left(); }  // could this many bytes still come out?
  [[noreturn]] void refuse(const std::string& why) const { refuse_file(source_, why); }

  std::span<const std::byte> take(uint64_t count, const char* what) {
    if (count > left())
      refuse(fmt::format("truncated: {} needs {} at offset {}, and the file has {} left", what, counted(count, "byte"), at_, left()));
    const auto piece = bytes_.subspan(at_, static_cast<size_t>(count));
    at_ += static_cast<size_t>(count);
    return piece;
  }
  void read(void* to, size_t count, const char* what) {
    const auto piece = take(count, what);
    if (count) std::memcpy(to, piece.data(), count);
  }
  uint8_t u8(const char* what) { return static_cast<uint8_t>(take(1, what)[0]); }
  uint16_t u16_big(const char* what) { return static_cast<uint16_t>(big(2, what)); }
  uint32_t u32_big(const char* what) { return static_cast<uint32_t>(big(4, what)); }
  uint64_t u64_little(const char* what) {
    const auto piece = take(8, what);
    uint64_t value = 0;
    for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<uint64_t>(piece[static_cast<size_t>(i)]);
    return value;
  }
  void finish() const {  // nothing may follow
    if (left()) refuse(fmt::format("{} where the file should end, at offset {}", bytes_follow(left()), at_));
  }

 private:
  uint64_t big(size_t count, const char* what) {
    uint64_t value = 0;
    for (const std::byte b : take(count, what)) value = value << 8 | static_cast<uint64_t>(b);
    return value;
  }
  std::span<const std::byte> bytes_;
  std::string source_;
  size_t at_ = 0;
};

}  // namespace duel
