// Penalties on the gradient of D with respect to its input, a derivative inside the loss: the engine differentiates through it once more.
// A critic with batch norm is no function of one sample, and a penalty on each sample's gradient means nothing there.
//
//   wgan-gp   E (‖∇D(x̂)‖ − 1)²,  x̂ = ε·x + (1 − ε)·G(z), ε ~ U(0, 1) for each sample   Gulrajani et al. (2017), equation 3
//   r1        ½ E ‖∇D(x)‖² on real images                                               Mescheder, Geiger & Nowozin (2018), equation 9
//   dragan    E (‖∇D(x̂)‖ − 1)²,  x̂ = x + ½·std(x)·U(0, 1), real images alone           Kodali et al. (2017), section 2.3
#pragma once
#include "engine/grad.h"
#include "engine/ops.h"

namespace duel {

enum class Penalty { none, wgan_gp, r1, dragan };
constexpr const char* penalty_names[] = {"none", "wgan-gp", "r1", "dragan"};

// ‖∂Σ D(x)/∂x‖² for each sample, [n,1,1,1], recorded. D judges each sample by itself, so the derivative of the sum is each sample's own.
template <class D>
Tensor gradient_norms_squared(D&& judge, const Tensor& x) {
  const Tensor g = grad(sum(judge(x)), {x}, create_graph)[0];
  return sum_per_sample(square(cast(g, accumulator_of(g.dtype()))));
}

// The penalty without its weight. `judge` maps images to logits. drawn: uniform in [0, 1), [n,1,1,1] for wgan-gp, x's shape for dragan,
// unused by r1. real and fake come without history.
template <class D>
Tensor penalty_of(Penalty kind, D&& judge, const Tensor& real, const Tensor& fake, const Tensor& drawn) {
  const auto of_length_one = [&](const Tensor& x) { return mean(square(sqrt(gradient_norms_squared(judge, x.detach()) + 1e-12) - 1)); };
  const auto mixed = [&] {
    NoGrad constant;
    if (kind == Penalty::wgan_gp) {
      const Tensor e = cast(drawn, real.dtype());
      return fake + (real - fake) * e;
    }
    const Tensor average = mean(real), deviation = sqrt(mean(square(cast(real, average.dtype()) - average)));
    return real + cast(drawn, real.dtype()) * cast(deviation * 0.5, real.dtype());
  };
  if (kind == Penalty::r1) return mean(gradient_norms_squared(judge, real.detach())) * 0.5;
  return of_length_one(mixed());
}

}  // namespace duel
