// DiffAugment: Zhao, Liu, Lin, Zhu & Han, "Differentiable augmentation for data-efficient GAN training" (2020), section 3. D is
// shown T(x) instead of x, of real and of generated images, in its own steps and in those of G, whose gradient goes through T.
//
//   const DiffAugment policy = parse_diff_augment("color,translation,cutout");
//   const Drawn drawn = draw_diff_augment(x.shape(), {seed, RandomStream::augment}, step, ids);
//   const Tensor y = diff_augment(x, policy, drawn);
//
// Of images in [−1, 1], in this order, with draws of each image's own:
//   color         brightness x + U(−½, ½); saturation: distance from the mean of the pixel's channels × U(0, 2), grey images have none;
//                 contrast: distance from the mean of the image × U(½, 3/2)
//   translation   by whole pixels, U{−⌊w/8⌋ … ⌊w/8⌋} and U{−⌊h/8⌋ … ⌊h/8⌋}; what comes in is 0, mid-grey
//   cutout        ⌊h/2⌋ × ⌊w/2⌋ pixels become 0; the middle is any pixel of the image, so the box may overhang
// Nothing is clamped. Errors are Error(usage) that leads with [diff_augment].
#pragma once
#include <string>

#include "augment/pipeline.h"

namespace duel {

// Shifts reach ⌊side/8⌋ pixels, as the paper's eighth; the authors' code rounds it, which is one more at a side of 28.
struct DiffAugment {
  bool color = false, translation = false, cutout = false;
  explicit operator bool() const { return color || translation || cutout; }
  bool operator==(const DiffAugment&) const = default;
};
// Names by commas, in the order in which they are applied; empty: none. Throws on another name, one that is repeated, or another order.
DiffAugment parse_diff_augment(const std::string& text);

// All draws, whatever the policy takes of them: steps lighten, saturation, contrast, translate, cutout, for read_record().
Recipe diff_augment_recipe();
// images: the shape [n,h,w,c]; step i32[1]; ids i32[n]: a sample's draws are a pure function of (seed, stream, step, id).
Drawn draw_diff_augment(const Shape& images, const Rng& rng, const Tensor& step, const Tensor& ids);
// x in [−1, 1], floating. Differentiable to any order in x; colour is computed in f32 or f64.
Tensor diff_augment(const Tensor& x, const DiffAugment& policy, const Drawn& drawn);

}  // namespace duel
