// What is checked about an image file before stb_image sees it. stb_image's own limits are loose: it inflates a PNG until memory ends, uses
// palette entries nobody defined, writes past its tables on an oversized JPEG Huffman table, and takes a JPEG without an end for a whole
// one.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/io/image.h"

namespace duel {

struct ImageHeader {
  int h = 0, w = 0;
  bool grey = false;
};

bool is_png(std::span<const std::byte> file);
bool is_jpeg(std::span<const std::byte> file);

// PNG (W3C Recommendation): chunk structure, check sums, limits, and that the pixels inflate to exactly what the header implies. Fills
// `plain` with an equivalent file of the chunks that decide pixels and nothing else: IHDR, PLTE with all 256 entries, one IDAT, IEND.
ImageHeader check_png(std::span<const std::byte> file, const std::string& source, const ImageLimits& limits, std::vector<std::byte>* plain);

// JPEG (ITU-T T.81): marker structure up to the end of the image, limits, Huffman tables that are complete before they are used, at most
// 100 scans, and enough bytes for the declared pixels. What follows the end of the image is ignored, as cameras append there.
ImageHeader check_jpeg(std::span<const std::byte> file, const std::string& source, const ImageLimits& limits);

}  // namespace duel
