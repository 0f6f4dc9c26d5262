#include "engine/io/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "engine/io/bounded_reader.h"
#include "kernels/error.h"

namespace duel {

struct GzipReader::Stream {
  z_stream z{};
};

bool is_gzip(std::span<const std::byte> bytes) { return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b}; }

GzipReader::GzipReader(std::span<const std::byte> compressed, std::string source)
    : stream_(std::make_unique<Stream>()), source_(std::move(source)), rest_(compressed) {
  if (!is_gzip(compressed)) refuse("not a gzip file");
  if (inflateInit2(&stream_->z, 15 + 16) != Z_OK) fail(Failure::memory, "[gzip] no memory for zlib's window");
}
GzipReader::~GzipReader() { inflateEnd(&stream_->z); }

void GzipReader::refuse(const std::string& why) const { refuse_file(source_, why); }

// Inflates up to `count` bytes; fewer only where the stream ends.
size_t GzipReader::step(void* to, size_t count) {
  constexpr size_t most = 1u << 30;  // zlib counts in 32 bits
  z_stream& z = stream_->z;
  size_t got = 0;
  while (!ended_ && got < count) {
    const size_t in = std::min(rest_.size(), most), out = std::min(count - got, most);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest_.data()));
    z.avail_in = static_cast<uInt>(in);
    z.next_out = static_cast<Bytef*>(to) + got;
    z.avail_out = static_cast<uInt>(out);
    const int result = inflate(&z, Z_NO_FLUSH);
    rest_ = rest_.subspan(in - z.avail_in);
    got += out - z.avail_out;
    if (result == Z_STREAM_END) ended_ = true;
    else if (result == Z_MEM_ERROR) fail(Failure::memory, "[gzip] no memory while inflating");
    else if (result == Z_BUF_ERROR || (result == Z_OK && rest_.empty() && z.avail_out > 0))
      refuse("truncated: the gzip stream stops in the middle");
    else if (result != Z_OK) refuse(fmt::format("damaged gzip stream: {}", z.msg ? z.msg : "a preset dictionary is asked for"));
  }
  return got;
}

void GzipReader::read(void* to, size_t count, const char* what) {
  const size_t got = step(to, count);
  if (got < count) refuse(fmt::format("truncated: {} needs {}, the gzip stream ends after {}", what, counted(count, "byte"), got));
}

bool GzipReader::could_yield(uint64_t count) const { return count / 1032 <= rest_.size() + 8; }  // 8: bits zlib holds already

void GzipReader::finish() {
  char extra;
  if (step(&extra, 1)) refuse("more data in the gzip stream than its header promises");
  if (!rest_.empty()) refuse(bytes_follow(rest_.size()) + " the end of the gzip stream");
}

std::vector<std::byte> inflate_exactly(std::span<const std::byte> compressed, uint64_t expected, const std::string& source) {
  GzipReader reader(compressed, source);
  if (!reader.could_yield(expected))
    reader.refuse(fmt::format("{} compressed bytes cannot hold the {} expected", compressed.size(), expected));
  std::vector<std::byte> bytes(expected);
  reader.read(bytes.data(), bytes.size(), "the content");
  reader.finish();
  return bytes;
}

}  // namespace duel
