// Pictures in and out, and files that lie about them.
#include <doctest/doctest.h>
#include <unistd.h>
#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "engine/io/image.h"
#include "tests/allocation_watch.h"
#include "tests/file_support.h"
#include "tests/sample_images.h"

using namespace duel;
using namespace duel::test;

namespace {

Image pattern(int h, int w, int c) {
  Image image{h, w, c, std::vector<uint8_t>(static_cast<size_t>(h * w * c))};
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i * 97 + i / 7);
  return image;
}
std::string text_of(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }
Image decode(const std::string& file, int channels = 3) { return decode_image(as_bytes(file), channels, "pic"); }

const std::string signature = "\x89PNG\r\n\x1a\n";
std::string chunk(const std::string& type, const std::string& body) {
  const std::string typed = type + body;
  return big32(static_cast<uint32_t>(body.size())) + typed +
         big32(static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(typed.data()), static_cast<uInt>(typed.size()))));
}
std::string header(uint32_t w, uint32_t h, int bits, int colour, int interlace = 0) {
  return chunk("IHDR",
               big32(w) + big32(h) + std::string{static_cast<char>(bits), static_cast<char>(colour), 0, 0, static_cast<char>(interlace)});
}
std::string deflated(const std::string& raw) {
  std::string out(compressBound(raw.size()), '\0');
  uLongf size = out.size();
  REQUIRE(compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(raw.data()), raw.size(), 9) == Z_OK);
  out.resize(size);
  return out;
}
const std::string end = chunk("IEND", "");

void refused(const std::string& file, const char* why) {
  largest_allocation = 0;
  check_refused([&] { decode(file); }, {"pic", why});
  CHECK_MESSAGE(largest_allocation < 1 << 20, why);
}

std::string jpeg() { return text_of(subsampled_jpeg); }
size_t find_marker(const std::string& file, int marker) { return file.find(std::string{'\xff', static_cast<char>(marker)}); }

}  // namespace

TEST_CASE("png: what is written is read") {
  TempFolder folder;
  for (const int c : {1, 3})
    for (const auto& [h, w] : {std::pair(1, 1), {3, 5}, {28, 28}, {64, 33}}) {
      const Image image = pattern(h, w, c);
      write_png(folder / "a.png", image);
      const Image back = read_image(folder / "a.png", 0);
      CHECK(back.h == h);
      CHECK(back.w == w);
      CHECK(back.c == c);
      CHECK(back.pixels == image.pixels);
    }
  const Image grey = pattern(4, 4, 1), colour = decode(text_of(encode_png(grey)), 3);
  CHECK(colour.c == 3);
  CHECK((colour.pixels[3] == grey.pixels[1] && colour.pixels[5] == grey.pixels[1]));
  check_refused([&] { encode_png({2, 2, 3, std::vector<uint8_t>(11)}); }, {"encode_png", "11 bytes"}, Failure::internal);
  check_refused([&] { encode_png({2, 2, 2, std::vector<uint8_t>(8)}); }, {"encode_png", "2 channels"}, Failure::internal);
}

TEST_CASE("pictures made by another program") {
  for (const auto& [name, file, tolerance] : {std::tuple("progressive", &progressive_jpeg, 3),
                                              {"4:2:0", &subsampled_jpeg, 3},
                                              {"palette", &palette_png, 0},
                                              {"alpha", &alpha_png, 0}}) {
    const std::string label = name;
    INFO(label);
    const Image image = decode(text_of(*file));
    REQUIRE((image.h == 16 && image.w == 16 && image.c == 3));
    int worst = 0;
    for (int y = 0; y < 16; ++y)
      for (int x = 0; x < 16; ++x)
        if (file != &subsampled_jpeg || (x != 7 && x != 8))  // there colours at half resolution are blended
          for (int c = 0; c < 3; ++c)
            worst = std::max(worst, std::abs(image.pixels[static_cast<size_t>((y * 16 + x) * 3 + c)] - (c == (x < 8 ? 0 : 2) ? 255 : 0)));
    CHECK(worst <= tolerance);
  }
  const Image deep = decode_image(std::as_bytes(std::span(deep_grey_png)), 0, "deep");
  CHECK(deep.c == 1);
  CHECK(deep.pixels == std::vector<uint8_t>(16, 0x80));
}

TEST_CASE("png: interlaced, with pieces, with text; a colour beyond the palette is black") {
  // 3 × 3 grey, Adam7: passes of 1×1, –, –, 1×2…: written out by hand from the standard's table.
  const auto row = [](std::initializer_list<int> p) {
    std::string s(1, '\0');
    for (int v : p) s += static_cast<char>(v);
    return s;
  };
  // pass 1: (0,0); pass 4: (2,0) is x=2,y=0; pass 5: y=2, x=0,2; pass 6: x=1, y=0,2; pass 7: y=1
  const std::string raw = row({10}) + row({30}) + row({70, 90}) + row({20}) + row({80}) + row({40, 50, 60});
  const std::string data = deflated(raw);
  const Image image = decode(
      signature + header(3, 3, 8, 0, 1) + chunk("tEXt", "k\0v") + chunk("IDAT", data.substr(0, 5)) + chunk("IDAT", data.substr(5)) + end,
      1);
  CHECK(image.pixels == std::vector<uint8_t>{10, 20, 30, 40, 50, 60, 70, 80, 90});
  const Image beyond =
      decode(signature + header(2, 1, 8, 3) + chunk("PLTE", "\x07\x08\x09") + chunk("IDAT", deflated(row({0, 200}))) + end);
  CHECK(beyond.pixels == std::vector<uint8_t>{7, 8, 9, 0, 0, 0});
}

TEST_CASE("png: lies and bombs are refused before a pixel is decoded") {
  const std::string row = deflated(std::string(4, '\0'));  // a filter byte and 1 × 1 RGB
  const auto png = [&](const std::string& rest) { return signature + rest; };
  decode(png(header(1, 1, 8, 2) + chunk("IDAT", row) + end));  // the honest one
  refused(png(header(8193, 1, 8, 2) + chunk("IDAT", row) + end), "8193 × 1");
  refused(png(header(0, 1, 8, 2) + chunk("IDAT", row) + end), "0 × 1");
  refused(png(header(0xffffffff, 0xffffffff, 8, 2) + chunk("IDAT", row) + end), "4294967295");
  refused(png(header(1, 1, 7, 2) + chunk("IDAT", row) + end), "header that cannot be");
  refused(png(header(1, 1, 8, 5) + chunk("IDAT", row) + end), "header that cannot be");
  refused(png(header(1, 1, 16, 3) + chunk("IDAT", row) + end), "header that cannot be");
  refused(png(header(1, 1, 8, 2, 2) + chunk("IDAT", row) + end), "header that cannot be");
  refused(png(header(8192, 8192, 8, 2) + chunk("IDAT", row) + end), "inflates to 4 bytes where its header implies 201334784");
  refused(png(header(1, 1, 8, 2) + chunk("IDAT", deflated(std::string(5, '\0'))) + end), "beyond the 4 bytes");
  refused(png(header(1, 1, 8, 2) + chunk("IDAT", deflated(std::string(64 << 20, '\0'))) + end), "beyond the 4 bytes");  // a bomb
  refused(png(header(1, 1, 8, 2) + chunk("IDAT", row + "x") + end), "1 byte follows the PNG's compressed");
  refused(png(header(1, 1, 8, 2) + chunk("IDAT", row.substr(0, row.size() - 5)) + end), "truncated");
  refused(png(header(1, 1, 8, 2) + chunk("IDAT", "garbage") + end), "damaged PNG image data");
  refused(png(header(1, 1, 8, 2) + end), "truncated");
  refused(png(header(1, 1, 8, 2) + chunk("IDAT", row)), "truncated");
  refused(png(header(1, 1, 8, 2) + chunk("IDAT", row) + end + "PK\x03\x04"), "4 bytes follow");  // a polyglot
  refused(png(chunk("IDAT", row) + header(1, 1, 8, 2) + end), "not the first");
  refused(png(header(1, 1, 8, 2) + header(1, 1, 8, 2) + chunk("IDAT", row) + end), "one IHDR");
  refused(png(header(1, 1, 8, 2) + chunk("IDAT", row) + chunk("tEXt", "") + chunk("IDAT", row) + end), "not in one piece");
  refused(png(header(1, 1, 8, 2) + chunk("ABCD", "") + chunk("IDAT", row) + end), "critical chunk");
  refused(png(chunk("CgBI", "    ") + header(1, 1, 8, 2) + chunk("IDAT", row) + end), "not the first");
  refused(png(header(1, 1, 8, 3) + chunk("IDAT", deflated(std::string(2, '\0'))) + end), "no palette");
  refused(png(header(1, 1, 8, 3) + chunk("PLTE", std::string(771, 'x')) + chunk("IDAT", row) + end), "palette");
  refused(png(header(1, 1, 8, 2) + big32(0xfffffff0) + "IDAT"), "truncated");
  refused(png(header(1, 1, 8, 2) + chunk("IDAT", deflated(std::string("\x09") + std::string(3, '\0'))) + end),
          "damaged image");  // filter 9
  std::string bad = png(header(1, 1, 8, 2) + chunk("IDAT", row) + end);
  bad[20] = static_cast<char>(bad[20] ^ 1);
  refused(bad, "check sum");
  refused("GIF89a", "neither a PNG nor a JPEG");
  refused("", "neither");
  const std::string good = text_of(encode_png(pattern(9, 7, 3)));
  for (size_t n = 0; n < good.size(); ++n) check_refused([&] { decode(good.substr(0, n)); }, {"pic"});
}

TEST_CASE("jpeg: lies are refused") {
  const std::string good = jpeg();
  const size_t frame = find_marker(good, 0xc0), table = find_marker(good, 0xc4), scan = find_marker(good, 0xda);
  REQUIRE((frame != std::string::npos && table != std::string::npos && scan != std::string::npos));
  const auto with = [&](size_t at, const std::string& bytes) {
    std::string s = good;
    s.replace(at, bytes.size(), bytes);
    return s;
  };
  refused(with(frame + 5, "\x20\x01\x20\x01"), "8193 × 8193");
  refused(with(frame + 5, std::string("\x20\x00\x20\x00", 4)), "has only");  // 8192 × 8192 in 600 bytes
  refused(with(frame + 5, std::string("\0\0", 2)), "0 pixels");
  refused(with(frame + 4, "\x0c"), "12 bits");
  refused(with(frame + 9, "\x02"), "2 components");
  refused(with(frame + 1, "\xc9"), "arithmetic");
  refused(with(table + 5, "\x03"), "more codes than its lengths allow");                   // three codes of one bit
  refused(with(table + 5, std::string(16, '\xff')), "more codes than its lengths allow");  // 4,080 codes
  refused(with(table + 4, "\x05"), "impossible number");
  refused(with(table + 1, "\xfe"), "Huffman table nobody defined");  // the table becomes a comment
  refused(with(scan + 1, "\xfe"), "damaged");                        // no scan: its data is taken for markers
  refused(good.substr(0, good.size() - 2), "without an end");
  refused(good.substr(0, frame) + "\xff\xd9", "without an image");
  std::string scans = good.substr(0, good.size() - 2);
  for (int i = 0; i < 100; ++i) scans += good.substr(scan, good.size() - 2 - scan);
  refused(scans + "\xff\xd9", "100 scans");
  for (size_t n = 0; n + 1 < good.size(); ++n) check_refused([&] { decode(good.substr(0, n)); }, {"pic"});
  CHECK(decode(good + "appended by a camera").pixels == decode(good).pixels);
}

TEST_CASE("damaged pictures never do more than be refused") {  // the sanitizer builds of this test are what it is for
  uint64_t state = 1;
  const auto random = [&](size_t n) {
    return static_cast<size_t>((state = state * 6364136223846793005u + 1442695040888963407u) >> 33) % n;
  };
  int decoded = 0, rejected = 0;
  for (const auto* sample : {&progressive_jpeg, &subsampled_jpeg, &palette_png, &alpha_png, &deep_grey_png})
    for (int i = 0; i < 3000; ++i) {
      std::string file = text_of(*sample);
      for (size_t k = 0; k < 1 + random(4); ++k) file[random(file.size())] = static_cast<char>(random(256));
      try {
        const Image image = decode_image(as_bytes(file), 0, "pic", {.side = 256, .pixels = 1 << 16});
        CHECK(image.pixels.size() == static_cast<size_t>(image.h * image.w * image.c));
        ++decoded;
      } catch (const Error& e) {
        CHECK(e.kind == Failure::data);
        ++rejected;
      }
    }
  CHECK(decoded > 100);
  CHECK(rejected > 100);
}

TEST_CASE("the cap on file size is kept without reading the file") {
  TempFolder folder;
  put(folder / "large.png", signature);
  if (::truncate((folder / "large.png").c_str(), (off_t{256} << 20) + 1) != 0) return;
  largest_allocation = 0;
  check_refused([&] { read_image(folder / "large.png", 3); }, {"large.png", "268435457 bytes, more than the 268435456"});
  CHECK(largest_allocation < 1 << 16);
  check_refused([&] { decode_image(as_bytes(jpeg()), 3, "pic", {.side = 15}); }, {"16 × 16", "up to 15"});
  check_refused([&] { decode_image(as_bytes(jpeg()), 3, "pic", {.pixels = 255}); }, {"16 × 16", "255 in all"});
  check_refused([&] { decode_image(as_bytes(jpeg()), 3, "pic", {.file_bytes = 100}); }, {"more than the 100"});
}

TEST_CASE("resize: constant stays, means stay, shrinking does not alias") {
  const Image flat = resize({7, 9, 3, std::vector<uint8_t>(7 * 9 * 3, 93)}, 16, 5);
  CHECK((flat.h == 16 && flat.w == 5 && flat.c == 3));
  CHECK(flat.pixels == std::vector<uint8_t>(16 * 5 * 3, 93));
  // One-pixel stripes of black and white shrunk by 4: the widened triangle sees both in equal parts; plain bilinear gives one of them.
  Image stripes{32, 32, 1, std::vector<uint8_t>(32 * 32)};
  for (size_t i = 0; i < stripes.pixels.size(); ++i) stripes.pixels[i] = i % 2 ? 255 : 0;
  const Image small = resize(stripes, 8, 8);
  for (int y = 0; y < 8; ++y)
    for (int x = 1; x < 7; ++x) CHECK(std::abs(small.pixels[static_cast<size_t>(y * 8 + x)] - 127.5) < 8);
  // Growing by 2 is the bilinear formula: between 0 and 100 lie 25 and 75.
  const Image grown = resize({1, 2, 1, {0, 100}}, 1, 4);
  CHECK(grown.pixels == std::vector<uint8_t>{0, 25, 75, 100});
  check_refused([&] { resize(flat, 0, 4); }, {"[resize]"}, Failure::usage);
  const Image piece = crop(pattern(5, 5, 3), 1, 2, 2, 3);
  CHECK(piece.pixels[0] == pattern(5, 5, 3).pixels[(1 * 5 + 2) * 3]);
  CHECK(piece.pixels[3 * 3] == pattern(5, 5, 3).pixels[(2 * 5 + 2) * 3]);
  check_refused([&] { crop(flat, 0, 0, 17, 1); }, {"[crop]"}, Failure::internal);
}

TEST_CASE("resize: every size to every size of the networks, and a plain image stays plain") {
  for (const int from : {17, 20, 23, 31, 45, 47, 53, 90, 97, 128, 178})
    for (const int to : {16, 32, 64, 128}) {
      const Image plain{from, from, 1, std::vector<uint8_t>(static_cast<size_t>(from) * static_cast<size_t>(from), 77)};
      const Image resized = resize(plain, to, to);
      CAPTURE(from);
      CAPTURE(to);
      CHECK(resized.pixels == std::vector<uint8_t>(static_cast<size_t>(to) * static_cast<size_t>(to), 77));
    }
}

TEST_CASE("grid: tiles land where they should") {
  std::vector<Image> tiles;
  for (int i = 1; i <= 5; ++i) tiles.push_back({2, 3, 1, std::vector<uint8_t>(6, static_cast<uint8_t>(i))});
  const Image grid = make_grid(tiles, 3, 1, 9);
  CHECK((grid.h == 7 && grid.w == 13 && grid.c == 1));
  const std::vector<uint8_t> tile_row = {9, 1, 1, 1, 9, 2, 2, 2, 9, 3, 3, 3, 9}, last_row = {9, 4, 4, 4, 9, 5, 5, 5, 9, 9, 9, 9, 9};
  CHECK(std::vector<uint8_t>(grid.pixels.begin() + 13, grid.pixels.begin() + 26) == tile_row);
  CHECK(std::vector<uint8_t>(grid.pixels.begin() + 5 * 13, grid.pixels.begin() + 6 * 13) == last_row);
  CHECK(std::vector<uint8_t>(grid.pixels.begin(), grid.pixels.begin() + 13) == std::vector<uint8_t>(13, 9));
  tiles.push_back({2, 2, 1, std::vector<uint8_t>(4)});
  check_refused([&] { make_grid(tiles, 3); }, {"[make_grid]", "alike"}, Failure::internal);
}
