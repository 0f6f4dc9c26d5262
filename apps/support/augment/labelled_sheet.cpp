#include "apps/support/augment/labelled_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/error.h"

// The font is drawn as rectangles of whole units; its header is not written for our warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_easy_font.h>
#pragma GCC diagnostic pop

namespace duel {
namespace {

constexpr int gap = 4, letter = 2;                     // pixels around things, and of one unit of the font
constexpr int line_height = 12 * letter;               // the font's own
constexpr uint8_t paper = 255, ink = 24, frame = 200;  // the frame shows where a black image ends in black, or a white one in white

std::string plain(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

int width_of(const std::string& text) { return stb_easy_font_width(plain(text).data()) * letter; }

// Without what does not fit.
std::string fitted(std::string text, int width) {
  if (width_of(text) <= width) return text;
  while (!text.empty() && width_of(text + "..") > width) text.pop_back();
  return text + "..";
}

void fill(Image& on, int left, int top, int right, int bottom, uint8_t shade) {
  left = std::max(left, 0), right = std::min(right, on.w);
  for (int y = std::max(top, 0); y < std::min(bottom, on.h) && left < right; ++y)
    std::memset(&on.pixels[(static_cast<size_t>(y) * static_cast<size_t>(on.w) + static_cast<size_t>(left)) * static_cast<size_t>(on.c)],
                shade, static_cast<size_t>(right - left) * static_cast<size_t>(on.c));
}

void write(Image& on, int left, int top, const std::string& text) {
  struct Corner {
    float x, y, z;
    unsigned char colour[4];
  };
  std::string words = plain(text);
  std::vector<Corner> corners(words.size() * 4 * 32 + 4);  // a letter has far fewer than 32 strokes
  const int strokes = stb_easy_font_print(0, 0, words.data(), nullptr, corners.data(), static_cast<int>(corners.size() * sizeof(Corner)));
  for (int i = 0; i < strokes; ++i) {
    const Corner &a = corners[static_cast<size_t>(4 * i)], &b = corners[static_cast<size_t>(4 * i + 2)];
    const auto pixel = [](float v) { return static_cast<int>(std::lround(v)) * letter; };
    fill(on, left + pixel(a.x), top + pixel(a.y), left + pixel(b.x), top + pixel(b.y), ink);
  }
}

Image scaled(const Image& image, double scale) {
  if (scale < 1)
    return resize(image, std::max(1, static_cast<int>(std::lround(image.h * scale))),
                  std::max(1, static_cast<int>(std::lround(image.w * scale))));
  const int times = static_cast<int>(scale);
  Image out{image.h * times, image.w * times, image.c, {}};
  for (int y = 0; y < out.h; ++y)
    for (int x = 0; x < out.w; ++x) {
      const auto at = image.pixels.begin() + (static_cast<ptrdiff_t>(y / times) * image.w + x / times) * image.c;
      out.pixels.insert(out.pixels.end(), at, at + image.c);
    }
  return out;
}

void paste(Image& on, const Image& image, int left, int top) {
  for (int y = 0; y < image.h; ++y)
    for (int x = 0; x < image.w; ++x)
      for (int ch = 0; ch < on.c; ++ch)
        on.pixels[(static_cast<size_t>(top + y) * static_cast<size_t>(on.w) + static_cast<size_t>(left + x)) * static_cast<size_t>(on.c) +
                  static_cast<size_t>(ch)] =
            image.pixels[(static_cast<size_t>(y) * static_cast<size_t>(image.w) + static_cast<size_t>(x)) * static_cast<size_t>(image.c) +
                         static_cast<size_t>(image.c == 1 ? 0 : ch)];
}

}  // namespace

Image labelled_sheet(const std::vector<SheetRow>& rows, const std::vector<std::string>& headings) {
  int colours = 1, label_width = 0, cell_w = 1;
  size_t columns = headings.size();
  bool captions = false;
  struct Size {
    double scale;
    int h;
  };
  std::vector<Size> sizes;
  for (const SheetRow& row : rows) {
    columns = std::max(columns, row.tiles.size()), label_width = std::max(label_width, width_of(row.label));
    int longest = 1, highest = 1, widest = 1;
    for (const SheetTile& tile : row.tiles) {
      highest = std::max(highest, tile.image.h), widest = std::max(widest, tile.image.w), colours = std::max(colours, tile.image.c);
      longest = std::max(highest, widest);
      captions = captions || !tile.caption.empty();
    }
    const double fits = static_cast<double>(sheet_tile) / longest, scale = fits < 1 ? fits : std::floor(fits);
    sizes.push_back({scale, std::max(1, static_cast<int>(std::lround(highest * scale)))});
    cell_w = std::max(cell_w, static_cast<int>(std::lround(widest * scale)));
  }
  if (rows.empty() || columns == 0) fail(Failure::internal, "[labelled_sheet] needs a tile");
  if (captions || !headings.empty()) cell_w = std::max(cell_w, sheet_tile / 2);  // or no word fits
  const int left = gap + (label_width ? label_width + 2 * gap : 0), top = gap + (headings.empty() ? 0 : line_height);
  const int step_x = cell_w + gap, below = gap + (captions ? line_height : 0);
  const int64_t w = left + static_cast<int64_t>(columns) * step_x;
  int64_t h = top;
  for (const Size& size : sizes) h += size.h + below;
  const int side = ImageLimits().side;
  if (w > side || h > side)
    fail(Failure::usage, fmt::format("a sheet of {} rows and {} columns would have {}×{} pixels, at most {} each way; take fewer",
                                     rows.size(), columns, w, h, side));
  Image sheet{static_cast<int>(h), static_cast<int>(w), colours, {}};
  sheet.pixels.assign(static_cast<size_t>(h) * static_cast<size_t>(w) * static_cast<size_t>(colours), paper);
  for (size_t k = 0; k < headings.size(); ++k) write(sheet, left + static_cast<int>(k) * step_x, gap, fitted(headings[k], cell_w));
  for (int y = top; const SheetRow& row : rows) {
    const Size& size = sizes[static_cast<size_t>(&row - rows.data())];
    write(sheet, gap, y + std::max(0, (size.h - line_height) / 2), row.label);
    for (size_t k = 0; k < row.tiles.size(); ++k) {
      const SheetTile& tile = row.tiles[k];
      const Image shown = scaled(tile.image, size.scale);
      const int x = left + static_cast<int>(k) * step_x;
      fill(sheet, x - 1, y - 1, x + shown.w + 1, y + shown.h + 1, frame);
      paste(sheet, shown, x, y);
      write(sheet, x, y + size.h + 3, fitted(tile.caption, cell_w));
    }
    y += size.h + below;
  }
  return sheet;
}

}  // namespace duel
