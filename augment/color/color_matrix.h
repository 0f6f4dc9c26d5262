// A map of each pixel's channels, one a sample:  y = M[i] x + b[i]  (affine),  M[i] x  (linear),  Mᵀ[i] x  (adjoint). The derivative of
// the first two is the third, whose own is the second.
//
// color f32 [n, 12]. Three channels: [M b] row by row, 3 × 4. Any other number: scale and offset of the first four channels,
// s0 b0 s1 b1 s2 b2 s3 b3 and four unused; a channel beyond the fourth takes the fourth's. x, y [n, inner pixels, c].
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

enum class ColorForm : int { affine, linear, adjoint };
constexpr const char* color_form_names[] = {"affine", "linear", "adjoint"};

struct ColorMatrixProblem {
  int64_t n = 1, inner = 1;
  int c = 3;
  ColorForm form = ColorForm::affine;
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("n", n), f.integer("inner", inner), f.integer("c", c), f.type(dtype), f.choice("form", form, color_form_names);
  }
  HD int64_t pixels() const { return n * inner; }
  std::string text() const;                                  // n128inner4096c3:f32
  static ColorMatrixProblem parse(const std::string& text);  // throws Error(usage)
};

struct ColorMatrix {
  using Problem = ColorMatrixProblem;
  struct Args {
    const void *x, *color;
    void* y;
  };
  static constexpr auto name = "color_matrix";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
};

// One pixel.
template <class A, class T>
HD void map_color(const ColorMatrixProblem& p, const float* m, const T* x, T* y) {
  if (p.c == 3) {
    const A v[3] = {static_cast<A>(x[0]), static_cast<A>(x[1]), static_cast<A>(x[2])};
    for (int i = 0; i < 3; ++i)
      y[i] = static_cast<T>(p.form == ColorForm::adjoint ? A(m[i]) * v[0] + A(m[4 + i]) * v[1] + A(m[8 + i]) * v[2]
                                                         : A(m[4 * i]) * v[0] + A(m[4 * i + 1]) * v[1] + A(m[4 * i + 2]) * v[2] +
                                                               (p.form == ColorForm::affine ? A(m[4 * i + 3]) : A(0)));
    return;
  }
  for (int ch = 0; ch < p.c; ++ch) {
    const int place = ch < 4 ? ch : 3;
    y[ch] = static_cast<T>(A(m[2 * place]) * static_cast<A>(x[ch]) + (p.form == ColorForm::affine ? A(m[2 * place + 1]) : A(0)));
  }
}

}  // namespace duel
