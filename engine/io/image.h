// Pictures: PNG and JPEG in, PNG out, resizing and tiling. Pixels are u8, height × width × channels, interleaved; 0 is black.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace duel {

struct Image {
  int h = 0, w = 0, c = 0;
  std::vector<uint8_t> pixels;  // h·w·c
};

// What an image file may ask for. All of it is checked before a pixel is decoded.
struct ImageLimits {
  int side = 8192;  // pixels, each way
  int64_t pixels = int64_t{64} << 20;
  uint64_t file_bytes = uint64_t{256} << 20;
};

// A PNG or a JPEG (baseline or progressive) with `channels` 1 (luma) or 3; 0 keeps grey as 1 and makes all else 3. Transparency is dropped.
// 16-bit samples keep their upper byte. Throws Error(data) naming the file: missing, another format, damaged, truncated, over a limit.
Image read_image(const std::string& path, int channels, const ImageLimits& limits = {});
Image decode_image(std::span<const std::byte> file, int channels, const std::string& source, const ImageLimits& limits = {});

std::vector<uint8_t> encode_png(const Image& image);          // c is 1 or 3
void write_png(const std::string& path, const Image& image);  // atomic

// Bilinear; where it shrinks, the triangle widens with the ratio, so nothing aliases. Borders are clamped.
Image resize(const Image& image, int h, int w);
Image crop(const Image& image, int top, int left, int h, int w);  // must lie inside

// Tiles of one size in rows of `columns`, `padding` pixels of `background` around and between them. One-channel and three-channel tiles
// may not be mixed. An incomplete last row is filled with background.
Image make_grid(std::span<const Image> tiles, int columns, int padding = 2, uint8_t background = 0);

}  // namespace duel
