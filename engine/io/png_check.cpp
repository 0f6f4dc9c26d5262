#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>

#include "engine/io/bounded_reader.h"
#include "engine/io/image_check.h"

namespace duel {
namespace {

constexpr unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr uint32_t tag(const char (&name)[5]) {
  return uint32_t(name[0]) << 24 | uint32_t(name[1]) << 16 | uint32_t(name[2]) << 8 | uint32_t(name[3]);
}

struct PngHeader {
  uint32_t w, h;
  int bits, colour, interlace;
  std::span<const std::byte> raw;
};

PngHeader read_header(std::span<const std::byte> raw, const BoundedReader& file, const ImageLimits& limits) {
  BoundedReader r(raw, file.source());
  PngHeader p{};
  p.raw = raw;
  p.w = r.u32_big("the width");
  p.h = r.u32_big("the height");
  p.bits = r.u8("the bit depth");
  p.colour = r.u8("the colour type");
  const int compression = r.u8("the compression"), filter = r.u8("the filter");
  p.interlace = r.u8("the interlace");
  const uint32_t side = static_cast<uint32_t>(limits.side);
  if (p.w == 0 || p.h == 0 || p.w > side || p.h > side || uint64_t{p.w} * p.h > static_cast<uint64_t>(limits.pixels))
    file.refuse(fmt::format("a PNG of {} × {} pixels; up to {} each way and {} in all are read", p.w, p.h, limits.side, limits.pixels));
  const bool deep = p.bits == 8 || p.bits == 16, shallow = p.bits == 1 || p.bits == 2 || p.bits == 4;
  const bool ok = p.colour == 0   ? deep || shallow
                  : p.colour == 3 ? shallow || p.bits == 8
                                  : (p.colour == 2 || p.colour == 4 || p.colour == 6) && deep;
  if (!ok || compression != 0 || filter != 0 || p.interlace > 1)
    file.refuse(fmt::format("a PNG header that cannot be: {} bits, colour type {}, compression {}, filter {}, interlace {}", p.bits,
                            p.colour, compression, filter, p.interlace));
  return p;
}

// Bytes the image data inflates to: each row with its filter byte, each pass of Adam7 that has pixels.
uint64_t inflated_bytes(const PngHeader& p) {
  const int samples = p.colour == 2 ? 3 : p.colour == 4 ? 2 : p.colour == 6 ? 4 : 1;
  const auto pass = [&](uint64_t w, uint64_t h) { return w && h ? (1 + (w * static_cast<uint64_t>(samples * p.bits) + 7) / 8) * h : 0; };
  if (!p.interlace) return pass(p.w, p.h);
  constexpr int x0[] = {0, 4, 0, 2, 0, 1, 0}, y0[] = {0, 0, 4, 0, 2, 0, 1}, dx[] = {8, 8, 4, 4, 2, 2, 1}, dy[] = {8, 8, 8, 4, 4, 2, 2};
  uint64_t total = 0;
  for (int i = 0; i < 7; ++i)
    total += pass((uint64_t{p.w} + static_cast<uint64_t>(dx[i] - 1 - x0[i])) / static_cast<uint64_t>(dx[i]),
                  (uint64_t{p.h} + static_cast<uint64_t>(dy[i] - 1 - y0[i])) / static_cast<uint64_t>(dy[i]));
  return total;
}

struct Inflater {
  z_stream z{};
  ~Inflater() { inflateEnd(&z); }
};

// Inflates into a fixed buffer that is thrown away: the length and zlib's check sum are all that is asked.
void check_inflates_to(std::span<const std::byte> data, uint64_t expected, const BoundedReader& file) {
  Inflater inflater;
  z_stream& z = inflater.z;
  if (inflateInit(&z) != Z_OK) fail(Failure::memory, "[png] no memory for zlib's window");
  z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(data.data()));
  z.avail_in = static_cast<uInt>(data.size());  // at most 256 MB
  std::array<Bytef, 65536> sink;
  uint64_t total = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    z.next_out = sink.data();
    z.avail_out = sink.size();
    result = inflate(&z, Z_NO_FLUSH);
    total += sink.size() - z.avail_out;
    if (total > expected) file.refuse(fmt::format("the PNG's image data inflates beyond the {} bytes its header implies", expected));
  }
  if (result == Z_BUF_ERROR) file.refuse("truncated: the PNG's image data stops in the middle");
  if (result != Z_STREAM_END) file.refuse(fmt::format("damaged PNG image data: {}", z.msg ? z.msg : "a preset dictionary is asked for"));
  if (total != expected)
    file.refuse(fmt::format("the PNG's image data inflates to {} where its header implies {}", counted(total, "byte"), expected));
  if (z.avail_in) file.refuse(bytes_follow(z.avail_in) + " the PNG's compressed image data");
}

void append_big(std::vector<std::byte>* out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<std::byte>(value >> shift & 255));
}
void append_chunk(std::vector<std::byte>* out, uint32_t type, std::span<const std::byte> body) {
  append_big(out, static_cast<uint32_t>(body.size()));
  append_big(out, type);
  out->insert(out->end(), body.begin(), body.end());
  const Bytef* start = reinterpret_cast<const Bytef*>(out->data() + out->size() - body.size() - 4);
  append_big(out, static_cast<uint32_t>(crc32(0, start, static_cast<uInt>(body.size() + 4))));
}

}  // namespace

bool is_png(std::span<const std::byte> file) { return file.size() >= 8 && std::memcmp(file.data(), signature, 8) == 0; }

ImageHeader check_png(std::span<const std::byte> bytes, const std::string& source, const ImageLimits& limits,
                      std::vector<std::byte>* plain) {
  BoundedReader file(bytes, source);
  file.take(8, "the PNG signature");
  PngHeader header{};
  std::vector<std::byte> palette, data;
  bool have_data = false, data_ended = false;
  for (bool first = true;; first = false) {
    const uint32_t length = file.u32_big("a chunk's length");
    const auto typed = file.take(uint64_t{length} + 4, "a chunk");
    if (file.u32_big("a chunk's check sum") != crc32(0, reinterpret_cast<const Bytef*>(typed.data()), length + 4))
      file.refuse("damaged: a PNG chunk does not have its check sum");
    const auto body = typed.subspan(4);
    const uint32_t type = BoundedReader(typed, source).u32_big("a chunk's type");
    if (first != (type == tag("IHDR"))) file.refuse("a PNG whose one IHDR chunk is not the first");
    if (have_data && type != tag("IDAT")) data_ended = true;
    if (type == tag("IHDR")) {
      if (length != 13) file.refuse("a PNG header of a wrong length");
      header = read_header(body, file, limits);
    } else if (type == tag("PLTE")) {
      if (have_data || !palette.empty() || length == 0 || length % 3 != 0 || length > 768)
        file.refuse("a PNG palette that is misplaced or has a wrong length");
      palette.assign(body.begin(), body.end());
    } else if (type == tag("IDAT")) {
      if (data_ended) file.refuse("a PNG whose image data is not in one piece");
      have_data = true;
      data.insert(data.end(), body.begin(), body.end());
    } else if (type == tag("IEND")) {
      if (length != 0) file.refuse("a PNG end with something in it");
      break;
    } else if (!(type & 0x20000000u)) {  // lower-case first letter: ancillary, and may be skipped
      file.refuse("a PNG with a critical chunk that is not of the standard");
    }
  }
  file.finish();
  if (header.colour == 3 && palette.empty()) file.refuse("a PNG with palette colours and no palette");
  check_inflates_to(data, inflated_bytes(header), file);

  plain->clear();
  plain->reserve(data.size() + 1024);
  plain->insert(plain->end(), bytes.begin(), bytes.begin() + 8);
  append_chunk(plain, tag("IHDR"), header.raw);
  palette.resize(768);  // an index beyond the palette is black
  if (header.colour == 3) append_chunk(plain, tag("PLTE"), palette);
  append_chunk(plain, tag("IDAT"), data);
  append_chunk(plain, tag("IEND"), {});
  return {static_cast<int>(header.h), static_cast<int>(header.w), header.colour == 0 || header.colour == 4};
}

}  // namespace duel
