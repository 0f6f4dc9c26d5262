// 2-D convolution: three ops, closed under differentiation.
//
//   y[n,p,q,k] = Σ_{r,s,c} x[n, p·u − top + r, q·v − left + s, c] · w[k,r,s,c]        taps outside the image are zero
//
//   conv2d_fwd    (x, w)  → y      Dumoulin & Visin, "A guide to convolution arithmetic for deep learning" (2016), relation 6
//   conv2d_dgrad  (gy, w) → gx     its adjoint in x, which is also the forward of transposed convolution (ibid., relation 13)
//   conv2d_wgrad  (x, gy) → gw     its adjoint in w
//
// The derivative of each is the other two. Layout NHWC, weights KRSC. p and q are free: any padding at the far side, any output size.
// dtype is that of x, w, y, gx, gy; gw has its accumulator's (f32 for bf16), because weight gradients feed f32 master weights.
// Where a gradient's sum is split over blocks, `tickets` can tell which of them is the last and adds up the parts
// (kernels/last_block.h): counters that are zero before and after.
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"
#include "kernels/window.h"

namespace duel {

struct Conv2dProblem {
  int n = 1, h = 1, w = 1, c = 1;       // x  [n,h,w,c]
  int k = 1, r = 1, s = 1;              // w  [k,r,s,c]
  int p = 1, q = 1;                     // y  [n,p,q,k]
  int u = 1, v = 1, top = 0, left = 0;  // strides, and the padding before the first row and column
  DType dtype = DType::f32;

  std::string text() const;                             // n128h32w32c64k128r4u2pad1:bf16
  static Conv2dProblem parse(const std::string& text);  // s defaults to r, v to u; pad1 = top1left1 with p, q to match; throws Error(usage)
  HD int64_t x_count() const { return int64_t{n} * h * w * c; }
  HD int64_t w_count() const { return int64_t{k} * r * s * c; }
  HD int64_t y_count() const { return int64_t{n} * p * q * k; }
};

constexpr int conv2d_tickets = 256;  // of a launch: no row takes a problem that would want more

struct Conv2dFwd {
  using Problem = Conv2dProblem;
  struct Args {
    const void *x, *w;
    void* y;
  };
  static constexpr auto name = "conv2d_fwd";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
  static constexpr bool multiply_adds = true;
  static Problem random(uint64_t seed);
};
struct Conv2dDgrad {
  using Problem = Conv2dProblem;
  struct Args {
    const void *gy, *w;
    void* gx;
  };
  static constexpr auto name = "conv2d_dgrad";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
  static constexpr bool multiply_adds = true;
  static Problem random(uint64_t seed);
};
struct Conv2dWgrad {
  using Problem = Conv2dProblem;
  struct Args {
    const void *x, *gy;
    void *gw, *tickets;
  };
  static constexpr auto name = "conv2d_wgrad";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
  static constexpr bool multiply_adds = true;
  static Problem random(uint64_t seed);
};

}  // namespace duel
