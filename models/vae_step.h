// The loss of a VAE, and one training step: loss on one batch (or on `accumulate` of them, one after another, whose gradients are
// averaged), then the update. As gan_step.h, it can be recorded and played again.
#pragma once
#include "engine/grad.h"
#include "engine/optim.h"
#include "engine/rng.h"
#include "models/ema.h"
#include "models/perceptual.h"
#include "models/vae.h"
#include "models/variational.h"

namespace duel {

struct VaeObjective {
  Likelihood likelihood = Likelihood::bernoulli;
  double beta = 1;     // weight of the KL
  double sigma = 0.1;  // standard deviation of a Gaussian's pixels
  double l1 = 0;       // weight of Σ|w|; Σw² is the optimiser's weight decay
  int accumulate = 1;  // batches to an update
};
// Throws Error(usage), naming the setting.
void check_objective(const VaeObjective& objective);

// Each sample's, [n, 1, …, 1], in nats; kl is undefined for a plain autoencoder. out [n,h,w,channels] is what the decoder said.
struct VaeTerms {
  Tensor reconstruction, kl, out;
};

// x [n,h,w,channels] in [0, 1]; noise [n,latent] from N(0, 1), unused by a plain autoencoder.
inline VaeTerms vae_terms(const Vae& net, const VaeObjective& objective, const Tensor& x, const Tensor& labels, const Tensor& noise,
                          Mode mode) {
  const Posterior q = net.encoder(x, labels, mode);
  const Tensor z = net.config.variational ? reparametrise(q.mean, q.log_variance, noise) : q.mean;
  VaeTerms terms{{}, {}, net.decoder(z, labels, mode)};
  terms.reconstruction = negative_log_likelihood(objective.likelihood, terms.out, x, objective.sigma);
  if (net.config.variational) terms.kl = kl_to_standard_normal(q.mean, q.log_variance);
  return terms;
}

// What a step adds up, means over its batch: what was minimised but for L1 (−ELBO where β is 1 and there are no further terms), −log
// p(x|z), KL.
struct VaeReport {
  static constexpr const char* names[] = {"loss", "reconstruction", "kl"};
  static constexpr int size = 3;
};

struct VaeStep {
  Vae& net;
  Optimizer& optimizer;
  VaeObjective objective;
  Rng noise;
  Tensor step;                  // i32[1], on the device: the optimiser's counter, or one that is counted beside it
  Tensor x;                     // f32 [accumulate·n,h,w,channels] in [−1, 1], as batches come: assign() the next ones
  Tensor labels;                // i32 [accumulate·n]; undefined where the net is not conditional
  Tensor sums;                  // f32 [VaeReport::size]: each step adds its own, whoever reads it starts it afresh
  Ema<Vae>* average = nullptr;  // of the net, where one is wanted
  Perceptual perceptual = {};   // what the loss has besides
  bool range_known = false;     // of the images: looked at in the first step

  void operator()() { (*this)(noise.normal({x.shape()[0], net.config.latent}, step)); }
  void operator()(const Tensor& drawn);  // [accumulate·n,latent]

 private:
  void learn(const Tensor& x, const Tensor& labels, const Tensor& drawn, Tensors& gradients);
  void note(int index, const Tensor& value);
};

}  // namespace duel
