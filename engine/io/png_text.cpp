#include "engine/io/png_text.h"

#include <zlib.h>

#include <algorithm>

#include "engine/io/bounded_reader.h"
#include "engine/io/image.h"
#include "engine/io/image_check.h"

namespace duel {
namespace {

constexpr size_t header_end = 8 + 12 + 13;  // the signature and the IHDR chunk, which has to come first

void append_big(std::vector<uint8_t>& out, uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(v >> shift));
}

void append_text(std::vector<uint8_t>& out, const PngText& t) {
  const auto printable_ascii = [](char c) { return c >= 0x20 && c < 0x7f; };
  const std::string& k = t.keyword;
  if (k.empty() || k.size() > 79 || !std::all_of(k.begin(), k.end(), printable_ascii) || k.front() == ' ' || k.back() == ' ' ||
      k.find("  ") != std::string::npos || t.text.find('\0') != std::string::npos)
    fail(Failure::internal, fmt::format("[png_text] '{}' is no keyword of a PNG, or its text holds a zero byte", printable(k)));
  // keyword, not compressed, method 0, no language, no translated keyword, text
  const std::string typed = "iTXt" + k + std::string(5, '\0') + t.text;
  append_big(out, static_cast<uint32_t>(typed.size() - 4));
  out.insert(out.end(), typed.begin(), typed.end());
  append_big(out, static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(typed.data()), static_cast<uInt>(typed.size()))));
}

std::string from_latin1(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) out += c;
    else out += static_cast<char>(0xc0 | byte >> 6), out += static_cast<char>(0x80 | (byte & 0x3f));
  }
  return out;
}

// Up to the next zero byte, which is taken too.
std::string take_word(std::string& body, const BoundedReader& file) {
  const size_t end = body.find('\0');
  if (end == std::string::npos) file.refuse("damaged: a PNG's text has no end to its keyword");
  const std::string word = body.substr(0, end);
  body.erase(0, end + 1);
  return word;
}

}  // namespace

std::vector<uint8_t> with_png_text(std::span<const uint8_t> png, std::span<const PngText> texts) {
  if (!is_png(std::as_bytes(png)) || png.size() < header_end) fail(Failure::internal, "[png_text] these bytes are no PNG");
  std::vector<uint8_t> out(png.begin(), png.begin() + header_end);
  for (const PngText& t : texts) append_text(out, t);
  out.insert(out.end(), png.begin() + header_end, png.end());
  return out;
}

std::vector<PngText> read_png_text(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path, ImageLimits().file_bytes);
  BoundedReader file(bytes, path);
  if (!is_png(bytes)) file.refuse("no PNG");
  file.take(8, "the PNG signature");
  std::vector<PngText> texts;
  for (std::string type; type != "IEND";) {
    const uint32_t length = file.u32_big("a chunk's length");
    const auto typed = file.take(uint64_t{length} + 4, "a chunk");
    if (file.u32_big("a chunk's check sum") != crc32(0, reinterpret_cast<const Bytef*>(typed.data()), length + 4))
      file.refuse("damaged: a PNG chunk does not have its check sum");
    std::string body(reinterpret_cast<const char*>(typed.data()), typed.size());
    type = body.substr(0, 4), body.erase(0, 4);
    if (type == "tEXt") {
      const std::string keyword = take_word(body, file);
      texts.push_back({keyword, from_latin1(body)});
    } else if (type == "iTXt") {
      const std::string keyword = take_word(body, file);
      if (body.size() < 2) file.refuse("damaged: a PNG's text ends behind its keyword");
      const bool compressed = body[0] != 0;
      body.erase(0, 2);
      take_word(body, file), take_word(body, file);  // language, translated keyword
      if (!compressed) texts.push_back({keyword, body});
    }
  }
  return texts;
}

}  // namespace duel
