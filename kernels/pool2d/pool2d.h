// Pooling over windows of an image, NHWC: five ops in two families, each closed under differentiation.
//
//   max_pool2d           x        → y, tap   y[n,p,q,c] = max over r,s of x[n, p·u − top + r, q·v − left + s, c];  tap = r·s_count + s of
//   it max_pool2d_scatter   gy, tap  → gx       its adjoint: each gy goes to the pixel that its tap names max_pool2d_gather    x, tap   → y
//   the adjoint of that: each y is read where its tap says avg_pool2d           x        → y        y[n,p,q,c] = Σ_{r,s} x[…] / over
//   avg_pool2d_grad      gy       → gx       its adjoint
//
// LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document recognition" (1998), section II, for the average; Ranzato,
// Huang, Boureau & LeCun, "Unsupervised learning of invariant feature hierarchies" (2007), for the maximum.
//
// Padding is outside of the competition for the maximum; in sums it is zero. Of equal values the first tap wins, and a NaN wins over
// numbers. A tap is i32 in [0, r·s); one that points outside the image reads 0, and what is sent there is dropped. Every window holds at
// least one pixel. p and q are free otherwise: any padding, any output size.
//
// Nearest-neighbour upsampling by whole factors is avg_pool2d_grad with windows side by side and over = one: each pixel, once for each
// place of its block.
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"
#include "kernels/window.h"

namespace duel {

// What an average divides by: all taps of a window, padding included; those inside the image; or one, which makes it a sum.
enum class PoolOver : int { window, inside, one };
constexpr const char* pool_over_names[] = {"window", "inside", "one"};

// How much of [first, first + length) lies in [0, size).
HD inline int pool_overlap(int first, int length, int size) {
  return (first + length < size ? first + length : size) - (first > 0 ? first : 0);
}

struct Pool2dProblem {
  int n = 1, h = 1, w = 1, c = 1;       // x  [n,h,w,c]
  int r = 1, s = 1;                     // the window
  int p = 1, q = 1;                     // y  [n,p,q,c]
  int u = 1, v = 1, top = 0, left = 0;  // strides, and the padding before the first row and column
  PoolOver over = PoolOver::window;     // of the average ops; a maximum does not look at it
  DType dtype = DType::f32;

  std::string text() const;                             // n128h28w28c32r2u2:f32, …:f32/over=inside
  static Pool2dProblem parse(const std::string& text);  // defaults as in conv2d.h; throws Error(usage)
  bool windows_hold_pixels() const { return top < r && left < s && (p - 1) * u - top < h && (q - 1) * v - left < w; }
  HD int64_t x_count() const { return int64_t{n} * h * w * c; }
  HD int64_t y_count() const { return int64_t{n} * p * q * c; }
  HD int first_row(int out_row) const { return out_row * u - top; }
  HD int first_col(int out_col) const { return out_col * v - left; }
  HD bool has_row(int row) const { return row >= 0 && row < h; }
  HD bool has_col(int col) const { return col >= 0 && col < w; }
  // What the window at (out_row, out_col) is divided by.
  HD int divisor(int out_row, int out_col) const {
    if (over != PoolOver::inside) return over == PoolOver::window ? r * s : 1;
    return pool_overlap(first_row(out_row), r, h) * pool_overlap(first_col(out_col), s, w);
  }
};

struct MaxPool2d {
  using Problem = Pool2dProblem;
  struct Args {
    const void* x;
    void *y, *tap;
  };
  static constexpr auto name = "max_pool2d";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
  static Problem random(uint64_t seed);
};
struct MaxPool2dScatter {
  using Problem = Pool2dProblem;
  struct Args {
    const void *gy, *tap;
    void* gx;
  };
  static constexpr auto name = "max_pool2d_scatter";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
  static Problem random(uint64_t seed);
};
struct MaxPool2dGather {
  using Problem = Pool2dProblem;
  struct Args {
    const void *x, *tap;
    void* y;
  };
  static constexpr auto name = "max_pool2d_gather";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
  static Problem random(uint64_t seed);
};

struct AvgPool2d {
  using Problem = Pool2dProblem;
  struct Args {
    const void* x;
    void* y;
  };
  static constexpr auto name = "avg_pool2d";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;  // sums are exact, and one division rounds alike everywhere
  static Problem random(uint64_t seed);
};
struct AvgPool2dGrad {
  using Problem = Pool2dProblem;
  struct Args {
    const void* gy;
    void* gx;
  };
  static constexpr auto name = "avg_pool2d_grad";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static bool exact_on_integers(const Problem& p) { return p.over != PoolOver::inside; }  // there each term is divided by itself
  static Problem random(uint64_t seed);
};

}  // namespace duel
