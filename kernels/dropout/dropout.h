// dropout: y = x/(1 − p) where a coin says keep (probability 1 − p), else 0. Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov,
// "Dropout: a simple way to prevent neural networks from overfitting" (2014), scaled in training so that evaluation is the identity.
//
//   y[i, e] = x[i, e] · bernoulli(1 − p; seed, stream, step, sample = first + i, element = e) / (1 − p)
//
// The coins are those of random_fill (kernels/random/): a pure function of what stands in the brackets, so nothing is stored for the
// derivative, which is the same op on the gradient. It is linear in x.
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

struct DropoutProblem {
  int64_t n = 1, inner = 1;  // x, y [n samples, inner elements]
  int64_t seed = 0;          // all 64 bits count
  int stream = 0;            // one number for each independent use
  int64_t first = 0;         // id of the first sample
  double p = 0.5;            // probability of dropping an element: 0 ≤ p < 1
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("n", n), f.integer("inner", inner), f.integer("seed", seed), f.integer("stream", stream), f.integer("first", first);
    f.type(dtype);
    f.real("p", p, 0.5);
  }
  std::string text() const;                              // n128inner1024seed7stream9first0:f32/p=0.3
  static DropoutProblem parse(const std::string& text);  // throws Error(usage)
};

struct Dropout {
  using Problem = DropoutProblem;
  struct Args {
    const void *step, *x;  // step: i32[1] on the device
    void* y;
  };
  static constexpr auto name = "dropout";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static bool exact_on_integers(const Problem& p) { return p.p == 0.5 || p.p == 0; }  // else 1/(1 − p) is rounded
};

}  // namespace duel
