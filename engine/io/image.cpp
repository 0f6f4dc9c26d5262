#include "engine/io/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include <stb_image.h>
#include <stb_image_resize.h>
#include "engine/io/atomic_file.h"
#include "engine/io/bounded_reader.h"
#include "engine/io/image_check.h"
#include "engine/io/stb_config.h"
// stb_image_write.h declares this only for its own translation unit's settings
extern "C" unsigned char* stbi_write_png_to_mem(const unsigned char* pixels, int stride, int w, int h, int c, int* length);

namespace duel {
namespace {

struct Free {
  void operator()(void* data) const { std::free(data); }
};

void check_image(const Image& image, const char* op) {
  const ImageLimits limits;
  const bool sane = image.h > 0 && image.w > 0 && image.c > 0 && image.h <= limits.side && image.w <= limits.side;
  if (!sane || image.pixels.size() != static_cast<size_t>(image.h) * static_cast<size_t>(image.w) * static_cast<size_t>(image.c))
    fail(Failure::internal, fmt::format("[{}] an image of {} × {} × {} with {} bytes; sides from 1 to {} and h·w·c bytes are right", op,
                                        image.h, image.w, image.c, image.pixels.size(), limits.side));
}

}  // namespace

Image decode_image(std::span<const std::byte> file, int channels, const std::string& source, const ImageLimits& limits) {
  if (channels != 0 && channels != 1 && channels != 3) fail(Failure::usage, fmt::format("[decode_image] {} channels; 0, 1 or 3", channels));
  if (file.size() > limits.file_bytes)
    refuse_file(source, fmt::format("{} bytes, more than the {} allowed for an image", file.size(), limits.file_bytes));
  std::vector<std::byte> plain;
  ImageHeader header;
  if (is_png(file)) {
    header = check_png(file, source, limits, &plain);
    file = plain;
  } else if (is_jpeg(file)) {
    header = check_jpeg(file, source, limits);
  } else {
    refuse_file(source, "neither a PNG nor a JPEG");
  }
  const int c = channels ? channels : header.grey ? 1 : 3;
  int w = 0, h = 0, found = 0;
  const std::unique_ptr<stbi_uc, Free> decoded(
      stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(file.data()), static_cast<int>(file.size()), &w, &h, &found, c));
  if (!decoded) {
    const char* why = stbi_failure_reason();
    if (why && std::strcmp(why, "outofmem") == 0)
      fail(Failure::memory, fmt::format("'{}': no memory for an image of {} × {} pixels", printable(source), header.w, header.h));
    refuse_file(source, fmt::format("damaged image: {}", why ? why : "cannot be decoded"));
  }
  if (w != header.w || h != header.h)
    refuse_file(source, fmt::format("damaged image: {} × {} pixels where {} × {} are declared", w, h, header.w, header.h));
  const size_t bytes = static_cast<size_t>(w) * static_cast<size_t>(h) * static_cast<size_t>(c);
  return {h, w, c, {decoded.get(), decoded.get() + bytes}};
}

Image read_image(const std::string& path, int channels, const ImageLimits& limits) {
  return decode_image(read_file(path, limits.file_bytes), channels, path, limits);
}

std::vector<uint8_t> encode_png(const Image& image) {
  check_image(image, "encode_png");
  if (image.c != 1 && image.c != 3) fail(Failure::internal, fmt::format("[encode_png] {} channels; 1 or 3", image.c));
  int length = 0;
  const std::unique_ptr<unsigned char, Free> png(
      stbi_write_png_to_mem(image.pixels.data(), image.w * image.c, image.w, image.h, image.c, &length));
  if (!png) fail(Failure::memory, fmt::format("[encode_png] no memory for a PNG of {} × {} × {}", image.h, image.w, image.c));
  return {png.get(), png.get() + length};
}

void write_png(const std::string& path, const Image& image) {
  const std::vector<uint8_t> png = encode_png(image);
  write_file_atomic(path, std::as_bytes(std::span(png)));
}

Image resize(const Image& image, int h, int w) {
  check_image(image, "resize");
  const ImageLimits limits;
  if (h < 1 || w < 1 || h > limits.side || w > limits.side)
    fail(Failure::usage, fmt::format("[resize] to {} × {}; sides from 1 to {} are possible", h, w, limits.side));
  if (h == image.h && w == image.w) return image;
  Image out{h, w, image.c, std::vector<uint8_t>(static_cast<size_t>(h) * static_cast<size_t>(w) * static_cast<size_t>(image.c))};
  if (!stbir_resize_uint8_generic(image.pixels.data(), image.w, image.h, 0, out.pixels.data(), w, h, 0, image.c, STBIR_ALPHA_CHANNEL_NONE,
                                  0, STBIR_EDGE_CLAMP, STBIR_FILTER_TRIANGLE, STBIR_COLORSPACE_LINEAR, nullptr))
    fail(Failure::memory, fmt::format("[resize] no memory to go from {} × {} to {} × {}", image.h, image.w, h, w));
  return out;
}

Image crop(const Image& image, int top, int left, int h, int w) {
  check_image(image, "crop");
  if (top < 0 || left < 0 || h < 1 || w < 1 || h > image.h - top || w > image.w - left)
    fail(Failure::internal, fmt::format("[crop] {} × {} at ({}, {}) does not lie in {} × {}", h, w, top, left, image.h, image.w));
  Image out{h, w, image.c, {}};
  out.pixels.reserve(static_cast<size_t>(h) * static_cast<size_t>(w) * static_cast<size_t>(image.c));
  for (int y = 0; y < h; ++y) {
    const auto row = image.pixels.begin() + (static_cast<ptrdiff_t>(top + y) * image.w + left) * image.c;
    out.pixels.insert(out.pixels.end(), row, row + static_cast<ptrdiff_t>(w) * image.c);
  }
  return out;
}

Image make_grid(std::span<const Image> tiles, int columns, int padding, uint8_t background) {
  if (tiles.empty() || columns < 1 || padding < 0) fail(Failure::internal, "[make_grid] needs a tile, a column and no negative padding");
  const Image& first = tiles[0];
  for (const Image& tile : tiles) {
    check_image(tile, "make_grid");
    if (tile.h != first.h || tile.w != first.w || tile.c != first.c)
      fail(Failure::internal, fmt::format("[make_grid] tiles of {} × {} × {} and {} × {} × {}; all must be alike", first.h, first.w,
                                          first.c, tile.h, tile.w, tile.c));
  }
  columns = std::min(columns, static_cast<int>(tiles.size()));
  const int64_t rows = (static_cast<int64_t>(tiles.size()) + columns - 1) / columns;
  const int64_t h = rows * (int64_t{first.h} + padding) + padding, w = int64_t{columns} * (int64_t{first.w} + padding) + padding;
  const ImageLimits limits;
  if (h > limits.side || w > limits.side)
    fail(Failure::usage, fmt::format("[make_grid] {} × {} pixels; at most {} each way: take fewer tiles", h, w, limits.side));
  Image out{static_cast<int>(h), static_cast<int>(w), first.c, std::vector<uint8_t>(static_cast<size_t>(h * w * first.c), background)};
  for (size_t i = 0; i < tiles.size(); ++i) {
    const int64_t top = padding + static_cast<int64_t>(i) / columns * (first.h + padding);
    const int64_t left = padding + static_cast<int64_t>(i) % columns * (first.w + padding);
    for (int y = 0; y < first.h; ++y)
      std::memcpy(out.pixels.data() + ((top + y) * w + left) * first.c,
                  tiles[i].pixels.data() + static_cast<ptrdiff_t>(y) * first.w * first.c,
                  static_cast<size_t>(first.w) * static_cast<size_t>(first.c));
  }
  return out;
}

}  // namespace duel
