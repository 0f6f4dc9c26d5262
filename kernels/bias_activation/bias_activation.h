// A bias for each channel and the activation behind it in one pass, and the gradients of both in one.
//
//   bias_activation        (x, b)  → y         y = act(x + b)
//   bias_activation_grad   (y, g)  → gx, gb    gx = g·act′      gb[ch] = Σ over rows of g·act′
//
// Layout [rows, c], channels contiguous; rows = n·h·w of an NHWC tensor. x, b, y, g and gx have dtype, gb has accumulator_of(dtype), and
// its terms are added before gx is rounded to bf16. x + b is not rounded on its way into the activation.
//
// act′ is taken from the output, so that nobody has to keep x: none, relu, tanh and sigmoid tell it, and leaky_relu where its slope is not
// negative (the output then has its input's sign). No row supports another activation. rows may be 0: gb is 0 then.
#pragma once
#include <string>
#include <vector>

#include "kernels/activation/activation.h"
#include "kernels/op.h"

namespace duel {

// True where the output alone tells the derivative.
constexpr bool act_told_by_output(Act act, double slope) { return act != Act::softplus && !(act == Act::leaky_relu && slope < 0); }

struct BiasActivationProblem {
  int64_t rows = 1;
  int c = 1;
  Act act = Act::none;
  double slope = 0;  // of leaky_relu; rounded to the type of the arithmetic before use
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("rows", rows), f.integer("c", c);
    f.type(dtype);
    f.choice("act", act, act_names);
    f.real("slope", slope, 0.0);
  }
  std::string text() const;                                     // rows512c64:f32/act=leaky_relu/slope=0.2
  static BiasActivationProblem parse(const std::string& text);  // throws Error(usage)
  HD int64_t count() const { return rows * c; }
};

struct BiasActivation {
  using Problem = BiasActivationProblem;
  struct Args {
    const void *x, *b;
    void* y;
  };
  static constexpr auto name = "bias_activation";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static bool exact_on_integers(const Problem&);
  static Problem random(uint64_t seed);
};

struct BiasActivationGrad {
  using Problem = BiasActivationProblem;
  struct Args {
    const void *y, *g;
    void *gx, *gb;
  };
  static constexpr auto name = "bias_activation_grad";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static bool exact_on_integers(const Problem&);
  static Problem random(uint64_t seed);
};

}  // namespace duel
