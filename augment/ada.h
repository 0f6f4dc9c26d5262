// ADA: Karras, Aittala, Hellsten, Laine, Lehtinen & Aila, "Training generative adversarial networks with limited data" (2020), appendix B
// for the augmentations, section 3 for how strong they are. D is shown T(x) of real and of generated images, in its own steps and in
// those of G. Each operation has a coin of its own, p for all of them, but 1 − √(1 − p) for each of the two rotations, so that p is the
// chance that either turns. A coin decides whether the parameter is drawn; what is drawn may be nothing: flips are p/2, quarter turns 3p/4.
//
// Errors are Error(usage) that leads with [ada].
#pragma once
#include <array>

#include "augment/pipeline.h"

namespace duel {

// Geometry, in this order: flip left to right; quarter turns; whole-pixel shift U(±⅛ of the side); scale 2^N(0, .2²); rotation U(±180°);
// width × s and height ÷ s with s = 2^N(0, .2²); rotation again; shift N(0, .125²) of the side. Then colour, of [−1, 1]: brightness
// + N(0, .2²); contrast × 2^N(0, .5²) about 0; luma flip; hue U(±180°); saturation × 2^N(0, 1) about the mean of the channels. Luma here is
// the mean of red, green and blue. Images of other than three channels have no hue and no saturation.
Recipe ada_recipe();

// The low-pass filter of the orthogonal wavelet "symlet 6" (Daubechies, "Ten lectures on wavelets", 1992, section 6.4): sum √2, and
// orthonormal to itself shifted by any even number of taps. So what it makes of an image at twice the size, it also takes back.
constexpr int ada_taps = 12;
extern const std::array<double, ada_taps> ada_low_pass;

// T for images of one shape, with its constants on the device.
struct AdaTransform {
  Shape images;  // [n,h,w,c]
  Recipe recipe = ada_recipe();

  // Images are reflected at their rims (the rim itself once) to half of the longer side and three pixels on each side; what a map reads
  // farther out is that again, reflected.
  AdaTransform(const Shape& images, DType dtype, Device device);
  // p f32[1], from 0 to 1, on the device → f32[steps], the strength of each step of the recipe.
  Tensor strengths(const Tensor& p) const;
  // step i32[1]; ids i32[n]: a sample's draws are a pure function of (seed, stream, step, id), and of p.
  Drawn draw(const Rng& rng, const Tensor& step, const Tensor& ids, const Tensor& p) const;
  // Maps f32[n,9] of the images (of the result's points to theirs, as warp() takes them) as operator() takes them.
  Tensor on_fine_grid(const Tensor& maps) const;
  // x [n,h,w,c] in [−1, 1] → the same shape. Twice the size by the low-pass filter, one bilinear read, and back by the same filter, in f32
  // or f64; then colour. Nothing is clamped. Differentiable to any order in x. An image that is not moved comes back within rounding.
  Tensor operator()(const Tensor& x, const Drawn& drawn) const;

 private:
  DType dtype_;            // computed in
  int margin_;             // in pixels
  Tensor rotates_;         // f32[steps]: 1 for rotations
  Tensor padding_;         // f32[n,9]: the map that adds the margin
  Tensor to_fine_;         // f32[9,9]: of a map of the images, that of the images of twice the size
  Tensor rows_, columns_;  // [c,12,1,c] and [c,1,12,c]: the filter for each channel by itself
};

// How strong: p goes up while D is sure of the real images and down when it is not. r = E sign D(x) is held against the target after every
// four steps' worth of images, and p moves by sign(r − target) · images/500,000: from 0 to 1 in 500,000 images at the fastest.
struct AdaController {
  double target;   // 0.6 in the paper
  int64_t images;  // in four steps
  Tensor state;    // f32[3]: p, Σ sign D(x) and the number of images since p last moved. All that a run must remember

  AdaController(double target, int64_t images_a_step, Device device);
  Tensor p() const { return state.alias({1}); }
  // What D says of real images, above 0 where it calls them real: counted, and p moved where it is due. All of it on the device.
  void hear(const Tensor& said);
};

}  // namespace duel
