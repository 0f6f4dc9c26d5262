#include "engine/rng.h"

#include "engine/dispatch.h"
#include "engine/ops/check.h"
#include "kernels/optimizer/optimizer.h"

namespace duel {
namespace {

Tensor draw(const Rng& rng, Distribution distribution, const Shape& shape, const Tensor& step, double a, double b, DType dtype,
            int64_t first) {
  check(step && step.dtype() == DType::i32 && step.count() == 1, "random_fill",
        "wants a step counter i32[1]; make one with step_counter()");
  Tensor y(shape, dtype, step.device());
  const int64_t n = shape.rank() ? shape[0] : 1;
  RandomProblem problem{.n = n,
                        .inner = n ? shape.count() / n : 0,
                        .distribution = distribution,
                        .seed = rng.seed,
                        .stream = static_cast<int>(rng.stream),
                        .first = first,
                        .a = a,
                        .b = b,
                        .dtype = dtype};
  dispatch<RandomFill>(problem, {step.data(), y.data()}, step.device());
  return y;
}

}  // namespace

Tensor Rng::normal(const Shape& shape, const Tensor& step, double mean, double std, DType dtype, int64_t first) const {
  return draw(*this, Distribution::normal, shape, step, mean, std, dtype, first);
}
Tensor Rng::uniform(const Shape& shape, const Tensor& step, double low, double high, DType dtype, int64_t first) const {
  return draw(*this, Distribution::uniform, shape, step, low, high, dtype, first);
}
Tensor Rng::bernoulli(const Shape& shape, const Tensor& step, double p, DType dtype, int64_t first) const {
  return draw(*this, Distribution::bernoulli, shape, step, p, 1, dtype, first);
}

Tensor step_counter(int value, Device device) { return Tensor::from({1}, {static_cast<double>(value)}, DType::i32, device); }
void increment(const Tensor& counter) { dispatch<Increment>({.n = counter.count()}, {counter.data()}, counter.device()); }

}  // namespace duel
