#include "kernels/dropout/dropout.h"

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

Tensor drop(const Tensor& x, DropoutProblem problem, const Tensor& step) {
  problem.dtype = x.dtype();
  Tensor y(x.shape(), x.dtype(), x.device());
  dispatch<Dropout>(problem, {step.data(), x.data(), y.data()}, x.device());
  return record("dropout", y, {x}, [problem, step](const Tensor&, const Tensor& g, Needs) { return Tensors{drop(g, problem, step)}; });
}

}  // namespace

Tensor dropout(const Tensor& x, double p, const Rng& rng, const Tensor& step, int layer, int64_t first) {
  check_floating("dropout", x);
  check(p >= 0 && p < 1, "dropout", "p is {}; the probability of dropping an element lies in [0, 1)", p);
  check(step && step.dtype() == DType::i32 && step.count() == 1 && step.device() == x.device(), "dropout",
        "wants a step counter i32[1] where x is ({}); make one with step_counter()", x);
  check(layer >= 0 && layer < (1 << 15), "dropout", "layer {}; a net has 0 to 32767", layer);
  if (p == 0 || x.count() == 0) return x;
  const int64_t n = x.shape().rank() ? x.shape()[0] : 1;
  // Copied: whoever counts steps may count on before the derivative is taken, and it needs the coins of now.
  const int stream = static_cast<int>(rng.stream) | layer << 16;
  return drop(x, {.n = n, .inner = x.count() / n, .seed = rng.seed, .stream = stream, .first = first, .p = p}, step.clone());
}

}  // namespace duel
