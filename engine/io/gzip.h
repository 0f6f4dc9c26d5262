// Reading gzip (RFC 1952) with a known length: exactly so many bytes come out, and then both the stream and the file end.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace duel {

bool is_gzip(std::span<const std::byte> bytes);

// The same questions as BoundedReader, asked of compressed bytes. Nothing is inflated beyond what is asked for, so a bomb costs nothing.
// Throws Error(data) naming `source`: not gzip, damaged, truncated, wrong check sum.
class GzipReader {
 public:
  GzipReader(std::span<const std::byte> compressed, std::string source);  // the bytes must outlive the reader
  ~GzipReader();
  const std::string& source() const { return source_; }
  [[noreturn]] void refuse(const std::string& why) const;
  void read(void* to, size_t count, const char* what);
  bool could_yield(uint64_t count) const;  // deflate cannot expand by more than 1032
  void finish();                           // the stream ends here, its check sum is right, and nothing follows it

 private:
  struct Stream;
  size_t step(void* to, size_t count);
  std::unique_ptr<Stream> stream_;
  std::string source_;
  std::span<const std::byte> rest_;
  bool ended_ = false;
};

// All of it, which must be `expected` bytes.
std::vector<std::byte> inflate_exactly(std::span<const std::byte> compressed, uint64_t expected, const std::string& source);

}  // namespace duel
