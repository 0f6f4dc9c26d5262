// Resampling images through a map each, and the adjoint of that.
//
//   warp_images          y[i, p, q, :] = x[i] read at map[i]·(q + ½, p + ½, 1), the mean of several such points where the map shrinks
//   warp_images_adjoint  gx: Σ over the same reads of their weight times gy          x, gx [n, h, w, c], y, gy [n, p, q, c]
//
// map is f32 [n, 9], row by row: a homography from the result's pixels to the source's, pixel centres at +½ (augment/recipe/compose.h).
// Both are linear in their images, each the other's derivative (with a fill of 0). Maps have no derivative.
//
// The adjoint adds many outputs into one pixel. The CPU does it in the order of the outputs; the GPU in 64-bit fixed point, whose sums
// have no order: the unit is set by the sample's largest gradient, so that sums are exact to 2⁻⁴⁰ of it or better up to a million pixels. A
// sample with a gradient that is not finite comes out as NaN everywhere.
#pragma once
#include <string>
#include <vector>

#include "augment/warp/sampling.h"
#include "kernels/op.h"

namespace duel {

struct WarpProblem {
  int n = 1, h = 1, w = 1, c = 1, p = 1, q = 1;
  Interpolation interpolation = Interpolation::bilinear;
  Border border = Border::zeros;
  bool antialias = false;
  float fill = 0;  // of Border::constant
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("n", n), f.integer("h", h), f.integer("w", w), f.integer("c", c), f.integer("p", p), f.integer("q", q);
    f.type(dtype);
    f.choice("by", interpolation, interpolation_names), f.choice("border", border, border_names);
    f.flag("antialias", antialias), f.real("fill", fill, 0.f);
  }
  Sampling sampling() const { return {border, interpolation, border == Border::constant ? fill : 0.f}; }
  HD int64_t source() const { return int64_t{n} * h * w * c; }
  HD int64_t result() const { return int64_t{n} * p * q * c; }
  std::string text() const;                           // n4h32w32c3p32q32:f32/by=bilinear/border=reflect
  static WarpProblem parse(const std::string& text);  // throws Error(usage)
};

HD inline Map map_of(const float* maps, int64_t sample) {
  Map m;
  for (int i = 0; i < 9; ++i) m.m[i] = maps[9 * sample + i];
  return m;
}

struct WarpImages {
  using Problem = WarpProblem;
  struct Args {
    const void *x, *map;
    void* y;
  };
  static constexpr auto name = "warp_images";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

struct WarpImagesAdjoint {
  using Problem = WarpProblem;
  struct Args {
    const void *gy, *map;
    void* gx;
  };
  static constexpr auto name = "warp_images_adjoint";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

}  // namespace duel
