// Activations and their derivatives.
//
//   activation        y = f(x)
//   activation_grad   gx = g·f'     `saved` is x for relu, leaky_relu and softplus, and y for tanh and sigmoid: what f' is cheapest from
//
//   none        x                      f' = 1                 (saved is read as x, and ignored)
//   relu        max(x, 0)              f' = 1 where x > 0, else 0                                   at 0: 0, as PyTorch
//   leaky_relu  x > 0 ? x : slope·x    f' = 1 where x > 0, else slope                               at 0: slope, as PyTorch
//   tanh                               f' = 1 − y²
//   sigmoid     1/(1 + e^−x)           f' = y·(1 − y)
//   softplus    log(1 + eˣ)            f' = sigmoid(x)
//
// leaky_relu: Maas, Hannun & Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).
// dtypes f32, f64, bf16; on bf16 the arithmetic is f32, rounded once. NaN in gives NaN out. n may be 0.
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

enum class Act : int { none, relu, leaky_relu, tanh, sigmoid, softplus };
constexpr const char* act_names[] = {"none", "relu", "leaky_relu", "tanh", "sigmoid", "softplus"};

// True where the derivative is taken from the output y, false where it is taken from the input x.
constexpr bool act_saves_output(Act act) { return act == Act::tanh || act == Act::sigmoid; }

struct ActivationProblem {
  int64_t n = 1;  // elements
  Act act = Act::none;
  double slope = 0;  // of leaky_relu; rounded to the type of the arithmetic before use
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("n", n);
    f.type(dtype);
    f.choice("act", act, act_names);
    f.real("slope", slope, 0.0);
  }
  std::string text() const;                                 // n8192:f32/act=leaky_relu/slope=0.2
  static ActivationProblem parse(const std::string& text);  // throws Error(usage)
};

struct Activation {
  using Problem = ActivationProblem;
  struct Args {
    const void* x;
    void* y;
  };
  static constexpr auto name = "activation";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static bool exact_on_integers(const Problem&);
};

struct ActivationGrad {
  using Problem = ActivationProblem;
  struct Args {
    const void *saved, *g;
    void* gx;
  };
  static constexpr auto name = "activation_grad";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static bool exact_on_integers(const Problem&);
};

}  // namespace duel
