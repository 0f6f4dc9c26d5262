// Element-wise functions of one and of two operands, with broadcasting, and conversion between element types.
//
//   unary   y[i] = fn(x[spread(i)])                   i over an [n, inner] result whose last axis has c channels (c divides inner)
//   binary  y[i] = fn(a[spread_a(i)], b[spread_b(i)])
//   cast    y[i] = x[i] as another element type
//
// All operands of unary and binary have the problem's dtype: f32, f64 or bf16. On bf16 the arithmetic is f32, rounded once at the end.
// n may be 0. The functions themselves are in functions.h, written once for every device.
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

// Which element of an operand meets element i of an [n, inner] result.
//   full: i      scalar: 0      channel: i % c      sample: i / inner      image: (i / inner)·c + i % c, an operand of [n, c]
enum class Spread : int { full, scalar, channel, sample, image };
constexpr const char* spread_names[] = {"full", "scalar", "channel", "sample", "image"};

enum class UnaryFn : int {
  identity,
  neg,
  abs,
  sign,  // −1, 0 or 1; NaN stays NaN
  square,
  sqrt,
  rsqrt,  // 1/√x
  reciprocal,
  exp,
  log,
  softplus,  // log(1 + eˣ), as max(x, 0) + log1p(e^−|x|)
  sin,
  cos,
  affine,  // a·x + b
  clamp,   // to [a, b]; NaN stays NaN
  inside,  // 1 where a ≤ x ≤ b, else 0: the derivative of clamp
  step,    // 1 where x > 0, else a: the derivative of relu (a = 0), leaky_relu (a = slope) and abs (a = −1)
};
constexpr const char* unary_names[] = {"identity", "neg",      "abs", "sign", "square", "sqrt",  "rsqrt",  "reciprocal", "exp",
                                       "log",      "softplus", "sin", "cos",  "affine", "clamp", "inside", "step"};

enum class BinaryFn : int {
  add,
  sub,
  mul,
  div,
  maximum,  // NaN if either is
  minimum,
  greater,     // 1 where a > b, else 0
  bce_logits,  // max(x, 0) − x·t + log1p(e^−|x|) with logit x = a and target t = b: binary cross entropy of σ(x), safe at any x
};
constexpr const char* binary_names[] = {"add", "sub", "mul", "div", "maximum", "minimum", "greater", "bce_logits"};

// Elements that an operand of this spread holds.
constexpr int64_t spread_count(Spread s, int64_t n, int64_t inner, int64_t c) {
  return s == Spread::full ? n * inner : s == Spread::scalar ? 1 : s == Spread::channel ? c : s == Spread::sample ? n : n * c;
}

struct UnaryProblem {
  int64_t n = 1, inner = 1, c = 1;  // the result is [n, inner]; c divides inner
  UnaryFn fn = UnaryFn::identity;
  Spread from = Spread::full;
  double a = 0, b = 0;  // rounded to the type of the arithmetic before use: see functions.h
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("n", n), f.integer("i", inner), f.integer("c", c);
    f.type(dtype);
    f.choice("fn", fn, unary_names), f.choice("from", from, spread_names);
    f.real("a", a, 0.0), f.real("b", b, 0.0);
  }
  std::string text() const;                            // n8i1024c64:f32/fn=affine/from=full/a=2
  static UnaryProblem parse(const std::string& text);  // throws Error(usage)
  HD int64_t count() const { return n * inner; }
};

struct Unary {
  using Problem = UnaryProblem;
  struct Args {
    const void* x;
    void* y;
  };
  static constexpr auto name = "unary";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static bool exact_on_integers(const Problem&);
  static Problem random(uint64_t seed);
};

struct BinaryProblem {
  int64_t n = 1, inner = 1, c = 1;
  BinaryFn fn = BinaryFn::add;
  Spread a_spread = Spread::full, b_spread = Spread::full;
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("n", n), f.integer("i", inner), f.integer("c", c);
    f.type(dtype);
    f.choice("fn", fn, binary_names), f.choice("a", a_spread, spread_names), f.choice("b", b_spread, spread_names);
  }
  std::string text() const;                             // n8i1024c64:f32/fn=add/a=full/b=channel
  static BinaryProblem parse(const std::string& text);  // throws Error(usage)
  HD int64_t count() const { return n * inner; }
};

struct Binary {
  using Problem = BinaryProblem;
  struct Args {
    const void *a, *b;
    void* y;
  };
  static constexpr auto name = "binary";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static bool exact_on_integers(const Problem&);
  static Problem random(uint64_t seed);
};

// Between any two of f32, bf16, f64, i32, u8. Floating to integer rounds to nearest, ties to even, and saturates; NaN becomes 0. i32 to u8
// saturates. i32 to bf16 is rounded once.
struct CastProblem {
  int64_t n = 1;
  DType from = DType::f32, to = DType::f32;

  template <class F>
  void each(F&& f) {
    constexpr const char* names[] = {"f32", "bf16", "f64", "i32", "u8"};
    f.integer("n", n);
    f.type(to);
    f.choice("from", from, names);
  }
  std::string text() const;                           // n1024:bf16/from=f32
  static CastProblem parse(const std::string& text);  // throws Error(usage)
};

struct Cast {
  using Problem = CastProblem;
  struct Args {
    const void* x;
    void* y;
  };
  static constexpr auto name = "cast";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
};

}  // namespace duel
