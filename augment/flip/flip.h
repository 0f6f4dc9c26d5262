// Mirroring images along their width, each sample by a coin of its own.
//
//   horizontal_flip   y[i, h, w, c] = x[i, h, W − 1 − w, c] where coin[i] ≠ 0, else x[i, h, w, c]     x, y [n, h, w, c], coin i32 [n]
//
// Any element type: elements move, nothing is computed. The op is its own inverse and its own adjoint. Empty sides are allowed; a buffer
// of no elements may be null. x and y must not overlap.
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

struct HorizontalFlipProblem {
  int n = 1, h = 1, w = 1, c = 1;
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("n", n), f.integer("h", h), f.integer("w", w), f.integer("c", c), f.type(dtype);
  }
  HD int64_t count() const { return int64_t{n} * h * w * c; }
  std::string text() const;                                     // n128h64w64c3:u8
  static HorizontalFlipProblem parse(const std::string& text);  // throws Error(usage)
};

struct HorizontalFlip {
  using Problem = HorizontalFlipProblem;
  struct Args {
    const void *x, *coin;
    void* y;
  };
  static constexpr auto name = "horizontal_flip";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
};

}  // namespace duel
