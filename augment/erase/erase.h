// A box of each sample filled with one value:  y[i, h, w, :] = value where box[i] holds (h, w), else x.
//
// box i32 [n, 4]: top, left, bottom, right, the last two exclusive; it may overhang or be empty. Its adjoint is itself with value 0.
// Zhong, Zheng, Kang, Li & Yang, "Random erasing data augmentation" (2020); DeVries & Taylor, "Cutout" (2017).
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

struct EraseProblem {
  int n = 1, h = 1, w = 1, c = 1;
  float value = 0;
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("n", n), f.integer("h", h), f.integer("w", w), f.integer("c", c), f.type(dtype), f.real("value", value, 0.f);
  }
  HD int64_t count() const { return int64_t{n} * h * w * c; }
  std::string text() const;                            // n128h32w32c3:f32/value=0.5
  static EraseProblem parse(const std::string& text);  // throws Error(usage)
};

struct EraseBoxes {
  using Problem = EraseProblem;
  struct Args {
    const void *x, *box;
    void* y;
  };
  static constexpr auto name = "erase_boxes";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
};

HD inline bool in_box(const int32_t* box, int h, int w) { return h >= box[0] && w >= box[1] && h < box[2] && w < box[3]; }

}  // namespace duel
