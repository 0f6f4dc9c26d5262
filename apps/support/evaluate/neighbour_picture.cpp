#include "apps/support/evaluate/neighbour_picture.h"

#include <algorithm>

#include "apps/support/images/tiles.h"

namespace duel {

Image neighbour_picture(const Dataset& samples, const Dataset& train, const Neighbours& found, int rows) {
  rows = std::min(rows, samples.n);
  check_tiles(found.count + 2, rows, samples.h, samples.w);
  const Image gap{samples.h, samples.w, samples.c, std::vector<uint8_t>(samples.sample_bytes(), 0)};
  std::vector<Image> tiles;
  for (int row = 0; row < rows; ++row) {
    tiles.push_back(image_of(samples, row)), tiles.push_back(gap);
    for (int k = 0; k < found.count; ++k) tiles.push_back(image_of(train, found.index[static_cast<size_t>(row * found.count + k)]));
  }
  return make_grid(tiles, found.count + 2);
}

}  // namespace duel
