#include "apps/support/images/tiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/data/dataset.h"
#include "kernels/error.h"

namespace duel {

std::vector<Image> to_images(const std::vector<float>& values, int h, int w, int channels) {
  const size_t one = static_cast<size_t>(h) * static_cast<size_t>(w) * static_cast<size_t>(channels);
  std::vector<Image> images;
  for (size_t i = 0; i + one <= values.size(); i += one) {
    Image image{h, w, channels, std::vector<uint8_t>(one)};
    to_pixels({values.data() + i, one}, image.pixels.data());
    images.push_back(std::move(image));
  }
  return images;
}

void check_tiles(int64_t columns, int64_t rows, int h, int w) {
  const int64_t side = ImageLimits().side, most_columns = side / (w + 2), most_rows = side / (h + 2);
  const std::string size = h == w ? std::to_string(h) : fmt::format("{}×{}", h, w);
  if (columns > most_columns || rows > most_rows)
    fail(Failure::usage, fmt::format("a picture of {} by {} images of {} pixels is too large; at most {} each way", columns, rows, size,
                                     std::min(most_columns, most_rows)));
}

void check_is_png(const std::string& out) {
  const std::string extension = std::filesystem::path(out).extension();
  if (extension != ".png" && extension != ".PNG")
    fail(Failure::usage, fmt::format("--out {}: pictures are written as PNG; give a name that ends in .png, such as samples.png", out));
}

}  // namespace duel
