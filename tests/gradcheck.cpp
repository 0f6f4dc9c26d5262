#include "tests/gradcheck.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/grad.h"
#include "engine/ops.h"

namespace duel::test {
namespace {

// Σ weights·t, with weights that depend only on the seed and differ from element to element.
Tensor weigh(const Tensor& t, int seed) { return sum(mul(t, values(t.shape(), seed))); }

Tensor first_order(const GradCase& c, const Tensors& inputs) { return weigh(c.f(inputs), 1000); }

Tensor second_order(const GradCase& c, const Tensors& inputs) {
  const Tensors gradients = grad(first_order(c, inputs), inputs, create_graph);
  Tensor total = Tensor::zeros({}, DType::f64);
  for (size_t i = 0; i < gradients.size(); ++i) total = add(total, weigh(gradients[i], 2000 + static_cast<int>(i)));
  return total;
}

template <class F>
GradResult compare(const GradCase& c, const F& scalar) {
  constexpr double eps = 1e-6, atol = 1e-5, rtol = 1e-3;
  const Tensors gradients = grad(scalar(c, c.inputs), c.inputs);
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const std::vector<double> at = c.inputs[i].values(), derivative = gradients[i].values();
    for (size_t j = 0; j < at.size(); ++j) {
      auto moved = [&](double by) {
        Tensors inputs = c.inputs;
        std::vector<double> x = at;
        x[j] += by;
        inputs[i] = Tensor::from(c.inputs[i].shape(), x, DType::f64);
        return scalar(c, inputs).item();
      };
      const double difference = (moved(eps) - moved(-eps)) / (2 * eps);
      if (!(std::fabs(derivative[j] - difference) <= atol + rtol * std::fabs(difference)))
        return {false,
                fmt::format("{} ({}): input {} element {}: derivative {}, difference {}", c.op, c.name, i, j, derivative[j], difference)};
    }
  }
  return {};
}

}  // namespace

Tensor values(const Shape& shape, int seed, double margin) {
  // A small LCG of its own: these tests must not depend on the engine's random numbers.
  uint64_t state = static_cast<uint64_t>(seed) * 6364136223846793005u + 1442695040888963407u;
  auto uniform = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state >> 11) / 9007199254740992.0;
  };
  std::vector<double> list(static_cast<size_t>(shape.count()));
  for (double& v : list) {
    v = uniform() * 2 - 1;
    v += v >= 0 ? margin : -margin;
  }
  return Tensor::from(shape, list, DType::f64);
}

Tensor positive(const Shape& shape, int seed) {
  std::vector<double> list = values(shape, seed).values();
  for (double& v : list) v = 0.5 + std::fabs(v);
  return Tensor::from(shape, list, DType::f64);
}

GradResult gradcheck(const GradCase& c) { return compare(c, first_order); }
GradResult gradgradcheck(const GradCase& c) { return compare(c, second_order); }

}  // namespace duel::test
