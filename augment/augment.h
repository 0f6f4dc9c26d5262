// Augmentation: images x [n,h,w,c] in, the same images in other states out. These are its parts, differentiable to any order where x is
// floating, so they fit between a generator and a discriminator; whole recipes are in augment/pipeline.h. Wrong shapes throw Error(usage)
// that leads with [op].
#pragma once
#include "augment/recipe/recipe.h"
#include "engine/rng.h"
#include "engine/tensor.h"

namespace duel {

// --- flips: augment/flip/ ----------------------------------------------------------------------------------------------------------------
// Mirrors sample i along its width where coin[i] is not 0; coin i32[n], on x's device. Any dtype. Its own inverse, and its own adjoint.
Tensor horizontal_flip(const Tensor& x, const Tensor& coin);

// Mirrors each sample with probability p in [0, 1]. A coin is a pure function of (seed, stream, step, sample) with samples numbered from
// `first`, so a sample's coin does not depend on the batch that it comes in; `step` is i32[1] on x's device, as in engine/rng.h. Two
// random ops on one image want streams, or seeds, of their own, or their draws are the same.
Tensor random_flip(const Tensor& x, double p, const Rng& rng, const Tensor& step, int64_t first = 0);

// --- geometry: augment/warp/ -------------------------------------------------------------------------------------------------------------
struct WarpOptions {
  int64_t h = 0, w = 0;  // of the result; 0: as the images
  Interpolation interpolation = Interpolation::bilinear;
  Border border = Border::zeros;
  double fill = 0;         // of Border::constant
  bool antialias = false;  // where a map shrinks the image, the mean of as many reads as it takes
};
// Pixel (i, j) of sample k is x[k] read at maps[k]·(j + ½, i + ½, 1), in pixels with centres at +½; maps f32 [n,9], row by row, which have
// no derivative. Floating x.
Tensor warp(const Tensor& x, const Tensor& maps, const WarpOptions& options = {});

// --- colour: augment/color/ --------------------------------------------------------------------------------------------------------------
// Each pixel's channels through a linear map of its sample; color f32 [n,12] as in augment/color/color_matrix.h, without a derivative.
Tensor color_matrix(const Tensor& x, const Tensor& color);

// --- erasing: augment/erase/ -------------------------------------------------------------------------------------------------------------
// Fills box[i] (i32 [n,4]: top, left, bottom, right, the last two excluded) of sample i with one value. Floating x.
Tensor erase_boxes(const Tensor& x, const Tensor& boxes, double value = 0);

}  // namespace duel
