// A recipe applied to a batch: draws, geometry, colour, erasing, noise and range in one launch.
//
//   const Recipe recipe = parse_recipe("crop; hflip; rotate -15..15; color b=.2 c=.2; erase; normalize mean=.5 std=.5");
//   const Augmented a = augment(images, recipe, {seed, RandomStream::augment}, epoch, ids, {.h = 224, .w = 224});
//   const Tensor same = replay(images, recipe, {seed, RandomStream::augment}, a.record, {.h = 224, .w = 224});
//
// A sample's parameters are a pure function of (seed, stream, epoch, id): the same whatever the batch, its order, the number of threads or
// the device. What the steps mean is in augment/recipe/recipe.h. Errors are Error(usage) that leads with [augment].
#pragma once
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "augment/augment.h"

namespace duel {

struct AugmentOptions {
  int64_t h = 0, w = 0;      // of the result; 0: as the images
  DType dtype = DType::f32;  // of the result: f32 or bf16
  bool is_signed = false;    // floating images are in [−1, 1], not [0, 1]; bytes are what they are
  Tensor strength;           // f32 [steps], on the images' device: scales each step's probability; undefined: 1
};

struct Augmented {
  Tensor images;  // [n, h, w, c]: (v − mean)/std of v in [0, 1]
  Tensor record;  // f32 [n, record_floats(steps)]: what was drawn (augment/recipe/draw.h)
};
// images u8, f32 or bf16 [n,h,w,c]; epoch i32[1]; ids i32[n], a number for each sample that is its own in the whole data set.
Augmented augment(const Tensor& images, const Recipe& recipe, const Rng& rng, const Tensor& epoch, const Tensor& ids,
                  const AugmentOptions& options = {});
// What `record` says, with the seed that it was drawn with (of which elastic grids and noise are made).
Tensor replay(const Tensor& images, const Recipe& recipe, const Rng& rng, const Tensor& record, const AugmentOptions& options = {});

// --- without the images, and with derivatives --------------------------------------------------------------------------------------------
// For recipes of linear steps that look at no image: all geometry but elastic, linear colour but contrast about the mean, one box.
struct Drawn {
  Tensor record, maps, colors, boxes;  // for warp(), color_matrix() and erase_boxes()
};
// `images`: their shape. With is_signed the colours are for images in [−1, 1].
Drawn draw_augmentation(const Shape& images, const Recipe& recipe, const Rng& rng, const Tensor& epoch, const Tensor& ids,
                        const AugmentOptions& options = {});
// warp, color_matrix and erase_boxes by them: differentiable to any order in x, which is in [−1, 1]. No clamping, no normalize. The steps
// that the recipe lacks cost nothing. Values of boxes and of a constant border are brought to [−1, 1]; Border::zeros is its 0, mid-grey.
Tensor apply(const Tensor& x, const Recipe& recipe, const Drawn& drawn, const AugmentOptions& options = {});

// --- reading a record --------------------------------------------------------------------------------------------------------------------
struct AppliedStep {
  AugOp op = AugOp::none;  // none: its coin said no
  std::vector<std::pair<std::string, double>> values;
};
std::vector<std::vector<AppliedStep>> read_record(const Recipe& recipe, const Tensor& record);  // a sample, a step
std::string text_of(const std::vector<AppliedStep>& steps);                                     // rotate angle=-7.5; erase top=3 …

// --- what follows an image ---------------------------------------------------------------------------------------------------------------
// The maps of a record, for masks: warp(mask, maps, {.interpolation = Interpolation::nearest}). Elastic grids are not in them.
Tensor maps_of(const Recipe& recipe, const Tensor& record, const Shape& images, const AugmentOptions& options = {});
using Homography = std::array<double, 9>;
std::vector<Homography> homographies(const Tensor& maps);  // result → source, as warp() takes them
// A point (x, y) of the source in the result, in pixels with centres at +½. Throws Error(usage) where the map has no inverse.
std::array<double, 2> follow(const Homography& map, double x, double y);
// The smallest box around what becomes of a box (left, top, right, bottom), cut to the result.
std::array<double, 4> follow_box(const Homography& map, const std::array<double, 4>& box, int64_t h, int64_t w);

}  // namespace duel
