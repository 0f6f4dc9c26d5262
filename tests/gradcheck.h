// Derivatives against central differences, in f64: with LeakyReLU a gradient penalty is discontinuous at kinks, and f32 differences fail.
#pragma once
#include <functional>
#include <string>

#include "engine/tensor.h"

namespace duel::test {

struct GradCase {
  std::string op;    // as in record("op", …)
  std::string name;  // what is special about it
  Tensors inputs;    // f64; all of them are differentiated
  std::function<Tensor(const Tensors&)> f;
};

// Every op of engine/ops/, at least once. test_tree holds it against the sources.
std::vector<GradCase> grad_cases();

// Fixed normal values, f64: away from 0 by at least `margin` (kinks), or positive.
Tensor values(const Shape& shape, int seed, double margin = 0);
Tensor positive(const Shape& shape, int seed);

struct GradResult {
  bool passed = true;
  std::string message;  // the first wrong element: which input, index, derivative, difference
};
// The first derivative of Σ weights·f(inputs), and the derivative of Σ weights·(those gradients): eps 1e-6, atol 1e-5, rtol 1e-3.
GradResult gradcheck(const GradCase& c);
GradResult gradgradcheck(const GradCase& c);

}  // namespace duel::test
