// Both gradients of a convolution in one launch, and of a transposed one: what a backward pass asks for at a time.
//
//   conv2d_grads        (x, gy, w) → gx, gw      gx = conv2d_dgrad(gy, w), gw = conv2d_wgrad(x, gy): behind conv2d_fwd
//   conv2d_dgrad_grads  (gy, w, g) → ggy, gw     ggy = conv2d_fwd(g, w), gw = conv2d_wgrad(g, gy): behind conv2d_dgrad, g its output's
//
// Problem, formulas and layouts are those of kernels/conv2d/conv2d.h. A gradient whose sum is split over blocks is added up by whichever
// block is the last of its tile, which `tickets` tell: counters that are zero before and after.
#pragma once
#include "kernels/conv2d/conv2d.h"

namespace duel {

struct Conv2dGrads {
  using Problem = Conv2dProblem;
  struct Args {
    const void *x, *gy, *w;
    void *gx, *gw, *tickets;
  };
  static constexpr auto name = "conv2d_grads";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
  static constexpr bool multiply_adds = true;
  static Problem random(uint64_t seed);
};
struct Conv2dDgradGrads {
  using Problem = Conv2dProblem;
  struct Args {
    const void *gy, *w, *g;
    void *ggy, *gw, *tickets;
  };
  static constexpr auto name = "conv2d_dgrad_grads";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
  static constexpr bool multiply_adds = true;
  static Problem random(uint64_t seed);
};

}  // namespace duel
