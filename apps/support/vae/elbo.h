// How good a VAE is on images it was not trained on, in nats an image.
#pragma once
#include <cstdint>
#include <string>

#include "engine/data/dataset.h"
#include "models/vae_step.h"

namespace duel {

// Means over n images; z is drawn once for each, the same whenever the seed is, so that two looks at one net agree.
struct Elbo {
  int64_t n = 0;
  double reconstruction = 0, kl = 0;  // −log p(x|z) and KL; kl is 0 for a plain autoencoder
  double floor = 0;                   // entropy of the pixels, below which a Bernoulli's reconstruction cannot fall; of the others 0
  double error = 0;                   // standard error of elbo(), from how it differs between images
  double elbo() const { return -(reconstruction + kl); }
  double loss(double beta) const { return reconstruction + beta * kl; }
};

// The net in Mode::infer on every image. Throws Error(numeric) when it says NaN.
Elbo evaluate(const Vae& net, const VaeObjective& objective, const Dataset& data, int64_t seed);

// The parts and their sum, as `eval` prints them.
std::string elbo_text(const Elbo& elbo, const VaeObjective& objective, bool variational);

}  // namespace duel
