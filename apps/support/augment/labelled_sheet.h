// Pictures side by side with words: a row each with its name in front, columns with their headings, a caption under each tile.
#pragma once
#include <string>
#include <vector>

#include "engine/io/image.h"

namespace duel {

struct SheetTile {
  Image image;
  std::string caption;  // may be empty
};
struct SheetRow {
  std::string label;  // may be empty
  std::vector<SheetTile> tiles;
};

// Small images are shown larger by a whole factor, large ones smaller, so that a tile is as wide or as high as this at most, and those of
// a row by one scale. Grey ones stay grey where all are. Words are printable ASCII; what is not shows as '?'.
constexpr int sheet_tile = 144;
// Throws Error(usage) where the picture would be larger than programs can open.
Image labelled_sheet(const std::vector<SheetRow>& rows, const std::vector<std::string>& headings = {});

}  // namespace duel
