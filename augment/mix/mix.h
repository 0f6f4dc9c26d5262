// Mixing each sample of a batch with another sample of it.
//
//   mix_samples   y[i, e] = a[i]·x[i, e] + b[i]·x[from[i], e]
//   paste_boxes   y[i, p] = (p in erase[i] ? 0 : x[i, p]) + (p in paste[i] ? x[from[i], p] : 0)       p a pixel, all its channels
//
// x, y [n, inner] or [n, h, w, c]; from i32 [n], each in [0, n); a, b [n] in the accumulator's type; a box is i32 top, left, bottom, right
// and holds the rows top … bottom − 1 and the columns left … right − 1, none where it is turned over; it may reach out of the image.
//
// Both are linear in x. Where `from` is a permutation with the inverse `back`, the adjoint of either is the op itself with
// from → back and b[i] → b[back[i]], or paste[i] → paste[back[i]]: what sample i got from from[i] flows back to from[i]. Two terms an
// element, so nothing has to be added up in an order. That is why erase and paste are two boxes: forward they are one.
//
// f32, f64, bf16 and u8; u8 is computed in f32, rounded to nearest and kept in 0 … 255. Rows do not check indices, the caller does. Empty
// sides are allowed; a buffer of no elements may be null. x and y must not overlap.
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

struct MixSamplesProblem {
  int64_t n = 1, inner = 1;  // samples, elements of each
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("n", n), f.integer("inner", inner), f.type(dtype);
  }
  HD int64_t count() const { return n * inner; }
  std::string text() const;                                 // n128inner3072:u8
  static MixSamplesProblem parse(const std::string& text);  // throws Error(usage)
};

struct MixSamples {
  using Problem = MixSamplesProblem;
  struct Args {
    const void *x, *from, *a, *b;
    void* y;
  };
  static constexpr auto name = "mix_samples";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
};

struct PasteBoxesProblem {
  int n = 1, h = 1, w = 1, c = 1;
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("n", n), f.integer("h", h), f.integer("w", w), f.integer("c", c), f.type(dtype);
  }
  HD int64_t count() const { return int64_t{n} * h * w * c; }
  std::string text() const;                                 // n128h32w32c3:u8
  static PasteBoxesProblem parse(const std::string& text);  // throws Error(usage)
};

struct PasteBoxes {
  using Problem = PasteBoxesProblem;
  struct Args {
    const void *x, *from, *erase, *paste;
    void* y;
  };
  static constexpr auto name = "paste_boxes";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
};

}  // namespace duel
