// Text inside PNGs: what goes in comes out, pixels stay, and what others wrote is read too.
#include <doctest/doctest.h>
#include <zlib.h>

#include "engine/io/image.h"
#include "engine/io/png_text.h"
#include "tests/file_support.h"

using namespace duel;
using namespace duel::test;

namespace {

Image some_image() {
  Image image{3, 5, 3, {}};
  for (int i = 0; i < 45; ++i) image.pixels.push_back(static_cast<uint8_t>(5 * i));
  return image;
}

std::string chunk(const std::string& typed) {
  return big32(static_cast<uint32_t>(typed.size() - 4)) + typed +
         big32(static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(typed.data()), static_cast<uInt>(typed.size()))));
}

// A PNG with these bytes behind its header.
std::string png_with(const std::string& chunks) {
  const std::vector<uint8_t> png = encode_png(some_image());
  std::string bytes(png.begin(), png.end());
  return bytes.insert(33, chunks);
}

}  // namespace

TEST_CASE("texts come back as they went in, and the picture is as it was") {
  const TempFolder folder;
  const std::string path = (folder / "a.png").string();
  const PngText texts[] = {{"augment", "rotate angle=-7.5; \"naïve\" ü\n"}, {"Title", ""}, {"augment", std::string(70000, 'x')}};
  const std::vector<uint8_t> png = with_png_text(encode_png(some_image()), texts);
  put(path, std::string(png.begin(), png.end()));
  CHECK(read_image(path, 0).pixels == some_image().pixels);
  const std::vector<PngText> found = read_png_text(path);
  REQUIRE(found.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(found[i].keyword == texts[i].keyword);
    CHECK(found[i].text == texts[i].text);
  }
  const std::vector<uint8_t> bare = encode_png(some_image());
  CHECK(with_png_text(bare, {}) == bare);
}

TEST_CASE("the text of other programs is read: Latin-1 becomes UTF-8, compressed text is passed over") {
  const TempFolder folder;
  const std::string path = (folder / "a.png").string();
  const std::string zero(1, '\0');
  put(path, png_with(chunk("tEXtComment" + zero + "na\xefve") + chunk("iTXtPacked" + zero + "\x01" + zero + zero + zero + "??") +
                     chunk("iTXtTitle" + zero + zero + zero + "fr" + zero + "titre" + zero + "été")));
  const std::vector<PngText> found = read_png_text(path);
  REQUIRE(found.size() == 2);
  CHECK(found[0].keyword == "Comment");
  CHECK(found[0].text == "naïve");
  CHECK(found[1].keyword == "Title");
  CHECK(found[1].text == "été");
}

TEST_CASE("damaged files and keywords that cannot be are refused") {
  const TempFolder folder;
  const std::string path = (folder / "a.png").string();
  const auto refused = [&](const std::string& bytes, const std::string& says) {
    put(path, bytes);
    check_refused([&] { read_png_text(path); }, {says});
  };
  refused("no picture", "no PNG");
  refused(png_with("").substr(0, 60), "truncated");
  std::string damaged = png_with(chunk(std::string("tEXta\0b", 7)));
  damaged[43] ^= 1;
  refused(damaged, "check sum");
  refused(png_with(chunk("tEXtkeyword")), "no end to its keyword");
  refused(png_with(chunk(std::string("iTXta\0\0", 7))), "ends behind its keyword");
  for (const char* keyword : {"", " a", "a ", "a  b", "é"})
    check_refused([&] { with_png_text(encode_png(some_image()), std::vector<PngText>{{keyword, "x"}}); }, {"keyword"}, Failure::internal);
  check_refused(
      [&] {
        with_png_text(encode_png(some_image()), std::vector<PngText>{{"a", std::string("b\0c", 3)}});
      },
      {"zero byte"}, Failure::internal);
}
