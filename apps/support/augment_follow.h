// What belongs to a picture and moves with it: a mask of the same file name, and boxes from a table.
#pragma once
#include <array>
#include <map>
#include <string>
#include <vector>

#include "apps/support/augmenter.h"

namespace duel {

struct LabelledBox {
  std::array<double, 4> edges{};  // left, top, right, bottom, in pixels from the picture's upper left corner
  std::string label;
};

class Followers {
 public:
  Followers() = default;  // nothing follows
  // `masks`: a folder with a PNG (of up to 8 bits a channel) for each picture, by its path below the source; `boxes`: a CSV
  // file,left,top,right,bottom,label; either may be empty. A followed box of which less than the share `visible` is left in the frame is
  // dropped. Throws Error(usage) where the recipe has elastic, which moves what no box can say; Error(data) on a table that does not fit.
  Followers(const Pictures& pictures, const Recipe& recipe, const std::string& masks, const std::string& boxes, double visible);

  bool masks() const { return !masks_.empty(); }
  bool boxes() const { return has_boxes_; }
  // Nearest pixel, so that every value stays one of the mask's own; what comes from beyond its border is 0 where the recipe's border is a
  // value. Throws Error(data) where there is no such mask, or one of another size.
  std::vector<Image> masks_of(const PictureItem& item, const Image& original, const std::vector<AugmentedCopy>& copies) const;

  struct Followed {
    LabelledBox box;
    double visible = 1;  // share of its area that is in the frame
    bool kept = true;
  };
  // Throws Error(data) on a box that does not lie in its picture.
  std::vector<Followed> boxes_of(const PictureItem& item, const Image& original, const AugmentedCopy& copy) const;

 private:
  Recipe recipe_;
  std::string masks_, table_;
  bool has_boxes_ = false;
  double visible_ = 0;
  std::map<std::string, std::vector<LabelledBox>> boxes_;  // by a picture's path below the source
};

// The share of a box's area that is in a frame of h×w once the map has moved it.
double visible_share(const Homography& map, const std::array<double, 4>& box, int h, int w);

}  // namespace duel
