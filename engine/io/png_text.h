// Text inside a PNG: what a picture is and what made it, for whoever finds it without the folder it was written to.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace duel {

struct PngText {
  std::string keyword;  // 1 to 79 characters of printable ASCII, no space at its ends nor two in a row
  std::string text;     // UTF-8, without zero bytes
};

// The PNG with an iTXt chunk for each text behind its header (W3C Recommendation, 11.3.3.4). Pixels are as they were.
std::vector<uint8_t> with_png_text(std::span<const uint8_t> png, std::span<const PngText> texts);

// What its iTXt and tEXt chunks say, in their order; compressed text is passed over. Throws Error(data) where it is no whole PNG.
std::vector<PngText> read_png_text(const std::string& path);

}  // namespace duel
