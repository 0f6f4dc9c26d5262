// Lesson: batch norm and its second derivative, on a batch of four numbers. Prints the numbers of docs/lessons/batch_norm.md.
#include <fmt/format.h>

#include <cmath>

#include "engine/grad.h"
#include "engine/ops.h"
#include "models/penalties.h"

using namespace duel;

namespace {

Tensor column(const std::vector<double>& v) { return Tensor::from({static_cast<int64_t>(v.size()), 1}, v, DType::f64, Device::cpu); }
Tensor number(double v) { return Tensor::from({1}, {v}, DType::f64, Device::cpu); }
void print(const std::string& name, const Tensor& t) {
  std::string numbers;
  for (const double v : t.values()) numbers += fmt::format("{:11.6f}", std::abs(v) < 1e-12 ? 0 : v);
  fmt::print("   {:<38}{}\n", name, numbers);
}
// γ = 3, β = 1, and running statistics as they are before the first step. No ε, so that numbers stay round.
BatchNorm fresh() { return {number(3), number(1), number(0), number(1), 0.1, 0}; }
// The derivative of sample 1's output by sample 1's input.
Tensor slope(const Tensor& x) {
  const Tensor first = column({1, 0, 0, 0});
  return sum(grad(sum(batch_norm(x, fresh()) * first), {x}, create_graph)[0] * first);
}

}  // namespace

int main() {
  const std::vector<double> batch{1, 3, 3, 9};
  const Tensor x = column(batch);
  const BatchNorm bn = fresh();
  fmt::print("1. Forward: the batch 1 3 3 9, γ = 3, β = 1\n");
  print("y = γ·x̂ + β", batch_norm(x, bn));
  print("running mean, from 0", bn.running_mean), print("running variance, from 1", bn.running_var);
  print("a 4 alone, by running statistics", batch_norm_infer(column({4}), bn));

  fmt::print("\n2. Backward\n");
  const Tensor y = batch_norm(x, fresh()), first = column({1, 0, 0, 0});
  print("gx of g = 1 0 0 0, one fused kernel", vjp(y, first, {x})[0]);
  print("gx of g = 1 0 0 0, of ops, recorded", vjp(y, first, {x}, create_graph)[0]),
      print("gx of g = 1 1 1 1", vjp(y, column({1, 1, 1, 1}), {x})[0]);
  print("gx of g = 1 3 3 9", vjp(y, x, {x})[0]);
  const BatchNorm trained = fresh();
  const Tensors g = vjp(batch_norm(x, trained), first, {trained.gamma, trained.beta});
  print("gγ = Σ g·x̂ of g = 1 0 0 0", g[0]), print("gβ = Σ g", g[1]);

  fmt::print("\n3. A critic D(x) = w·batch_norm(x) under a gradient penalty\n");
  const Tensor images = Tensor::from({4, 1, 1, 1}, batch, DType::f64, Device::cpu);
  for (const double w : {1.0, 10.0}) {
    const auto norms = [&](bool normed) {
      return gradient_norms_squared([&](const Tensor& v) { return (normed ? batch_norm(v, fresh()) : v) * w; }, images);
    };
    print(fmt::format("squared slopes of D, w = {}", w), norms(true));
    print(fmt::format("without batch norm, w = {}", w), norms(false));
  }

  fmt::print("\n4. Second derivative: of ∂y1/∂x1, by x1\n");
  print("∂y1/∂x1", slope(x)), print("∂²y1/∂x1² from grad() of grad()", slice(grad(slope(x), {x})[0], 0, 1));
  const double step = 1e-4;
  const double above = slope(column({1 + step, 3, 3, 9})).item(), below = slope(column({1 - step, 3, 3, 9})).item();
  fmt::print("   {:<38}{:11.6f}\n", "from ∂y1/∂x1 at x1 = 0.9999, 1.0001", (above - below) / (2 * step));
}
