// Adversarial losses, on logits. Each takes D's outputs and returns a scalar to minimise.
#pragma once
#include "engine/ops.h"

namespace duel {

// Goodfellow et al., "Generative adversarial nets" (2014), equation 1, as binary cross entropy:
// D minimises −E log σ(D(x)) − E log(1 − σ(D(G(z)))).
// Its two halves, for one pass each, and their sum.
inline Tensor minimax_d_real(const Tensor& on_real) {
  return mean(bce_logits(on_real, Tensor::full({}, 1, on_real.dtype(), on_real.device())));
}
inline Tensor minimax_d_fake(const Tensor& on_fake) {
  return mean(bce_logits(on_fake, Tensor::zeros({}, on_fake.dtype(), on_fake.device())));
}
inline Tensor minimax_d(const Tensor& on_real, const Tensor& on_fake) { return minimax_d_real(on_real) + minimax_d_fake(on_fake); }

// Ibid., section 3, the non-saturating form: G minimises −E log σ(D(G(z))), whose gradient does not vanish while D wins.
inline Tensor non_saturating_g(const Tensor& on_fake) {
  return mean(bce_logits(on_fake, Tensor::full({}, 1, on_fake.dtype(), on_fake.device())));
}

}  // namespace duel
