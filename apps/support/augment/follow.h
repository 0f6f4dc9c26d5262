// What belongs to a picture and moves with it: a mask of the same file name, boxes and points from tables.
#pragma once
#include <array>
#include <map>
#include <string>
#include <vector>

#include "apps/support/augment/augmenter.h"

namespace duel {

struct LabelledBox {
  std::array<double, 4> edges{};  // left, top, right, bottom, in pixels from the picture's upper left corner
  std::string label;
};

struct LabelledPoint {
  std::array<double, 2> at{};  // x, y in pixels from the upper left corner; a pixel's centre is at +½
  std::string label;
};

class Followers {
 public:
  // Names as they come from the command line; each may be empty.
  struct Files {
    std::string masks;   // a folder with a PNG (of up to 8 bits a channel) for each picture, by its path below the source
    std::string boxes;   // a CSV of file,left,top,right,bottom,label
    std::string points;  // a CSV of file,x,y,label
    double visible = .1;
    bool any() const { return !masks.empty() || !boxes.empty() || !points.empty(); }
  };
  Followers() = default;  // nothing follows
  // A followed box of which less than the share `visible` is left in the frame is dropped; a point never is. Throws Error(usage) where the
  // recipe has elastic, which moves what no box can say; Error(data) on a table that does not fit.
  Followers(const Pictures& pictures, const Recipe& recipe, const Files& files);

  bool masks() const { return !files_.masks.empty(); }
  bool boxes() const { return !files_.boxes.empty(); }
  bool points() const { return !files_.points.empty(); }
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

  struct FollowedPoint {
    LabelledPoint point;
    bool inside = true;  // the frame
  };
  // In the order of the table. Throws Error(data) on a point that does not lie in its picture.
  std::vector<FollowedPoint> points_of(const PictureItem& item, const Image& original, const AugmentedCopy& copy) const;

 private:
  Recipe recipe_;
  Files files_;
  std::map<std::string, std::vector<LabelledBox>> boxes_;  // by a picture's path below the source
  std::map<std::string, std::vector<LabelledPoint>> points_;
};

// The share of a box's area that is in a frame of h×w once the map has moved it.
double visible_share(const Homography& map, const std::array<double, 4>& box, int h, int w);

}  // namespace duel
