#include "apps/support/labelled_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/data/dataset.h"
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
  int longest = 1, colours = 1, label_width = 0;
  size_t columns = headings.size();
  bool captions = false;
  for (const SheetRow& row : rows) {
    columns = std::max(columns, row.tiles.size()), label_width = std::max(label_width, width_of(row.label));
    for (const SheetTile& tile : row.tiles) {
      longest = std::max({longest, tile.image.h, tile.image.w}), colours = std::max(colours, tile.image.c);
      captions = captions || !tile.caption.empty();
    }
  }
  if (rows.empty() || columns == 0) fail(Failure::internal, "[labelled_sheet] needs a tile");
  const double scale =
      longest > sheet_tile ? static_cast<double>(sheet_tile) / longest : std::floor(static_cast<double>(sheet_tile) / longest);
  int cell_w = 1, cell_h = 1;
  for (const SheetRow& row : rows)
    for (const SheetTile& tile : row.tiles) {
      cell_w = std::max(cell_w, static_cast<int>(std::lround(tile.image.w * scale)));
      cell_h = std::max(cell_h, static_cast<int>(std::lround(tile.image.h * scale)));
    }
  if (captions || !headings.empty()) cell_w = std::max(cell_w, sheet_tile / 2);  // or no word fits
  const int left = gap + (label_width ? label_width + 2 * gap : 0), top = gap + (headings.empty() ? 0 : line_height);
  const int step_x = cell_w + gap, step_y = cell_h + gap + (captions ? line_height : 0);
  const int64_t w = left + static_cast<int64_t>(columns) * step_x, h = top + static_cast<int64_t>(rows.size()) * step_y;
  const int side = ImageLimits().side;
  if (w > side || h > side)
    fail(Failure::usage, fmt::format("a sheet of {} rows and {} columns would have {}×{} pixels, at most {} each way; take fewer",
                                     rows.size(), columns, w, h, side));
  Image sheet{static_cast<int>(h), static_cast<int>(w), colours, {}};
  sheet.pixels.assign(static_cast<size_t>(h) * static_cast<size_t>(w) * static_cast<size_t>(colours), paper);
  for (size_t k = 0; k < headings.size(); ++k) write(sheet, left + static_cast<int>(k) * step_x, gap, fitted(headings[k], cell_w));
  for (size_t r = 0; r < rows.size(); ++r) {
    const int y = top + static_cast<int>(r) * step_y;
    write(sheet, gap, y + std::max(0, (cell_h - line_height) / 2), rows[r].label);
    for (size_t k = 0; k < rows[r].tiles.size(); ++k) {
      const SheetTile& tile = rows[r].tiles[k];
      const Image shown = scaled(tile.image, scale);
      const int x = left + static_cast<int>(k) * step_x;
      fill(sheet, x - 1, y - 1, x + shown.w + 1, y + shown.h + 1, frame);
      paste(sheet, shown, x, y);
      write(sheet, x, y + cell_h + 3, fitted(tile.caption, cell_w));
    }
  }
  return sheet;
}

}  // namespace duel
