// What variational models minimise, in nats. Kingma & Welling, "Auto-encoding variational Bayes" (2014); the weight β is that of Higgins et
// al., "β-VAE" (2017):
//
//   −ELBO = E −log p(x|z) + β·KL(q(z|x) ‖ p(z))       equation 3, with the expectation over one draw of z (section 2.3)
//
// Each function returns one value a sample, [n, 1, …, 1]: summed over H, W and C, or over the latent axis. Images x are in [0, 1].
// `out` is what the decoder says, of x's shape; shapes that differ throw Error(usage) with the op's name.
#pragma once
#include "engine/ops.h"

namespace duel {

enum class Likelihood { bernoulli, gaussian, continuous_bernoulli };
constexpr const char* likelihood_names[] = {"bernoulli", "gaussian", "continuous-bernoulli"};

// −log p(x|out) of pixels that are independent given z.
// Bernoulli (ibid., appendix C.1), out: logits. On grey pixels this is a cross entropy, not a likelihood: it cannot fall below
// bernoulli_entropy(x).
inline Tensor bernoulli_nll(const Tensor& out, const Tensor& x) { return sum_per_sample(bce_logits(out, x)); }
// Gaussian (appendix C.2) with a standard deviation that is given, out: the mean. A density: it can be negative.
Tensor gaussian_nll(const Tensor& out, const Tensor& x, double sigma);
// Loaiza-Ganem & Cunningham (2019), out: logits. A density on [0, 1]: it can be negative.
inline Tensor continuous_bernoulli_nll(const Tensor& out, const Tensor& x) { return sum_per_sample(cb_log_partition(out) - out * x); }
Tensor negative_log_likelihood(Likelihood likelihood, const Tensor& out, const Tensor& x, double sigma);

// The mean of a pixel, in [0, 1] (a Gaussian's is clamped to it): what is shown as the picture.
Tensor mean_image(Likelihood likelihood, const Tensor& out);

// −x·log x − (1 − x)·log(1 − x): the least that bernoulli_nll() can be, where σ(out) = x. 0 for black and white images.
Tensor bernoulli_entropy(const Tensor& x);

// KL(N(mean, exp(log_variance)) ‖ N(0, 1)) = −½ Σ (1 + log σ² − μ² − σ²), appendix B. Both [n,latent] → [n,1].
inline Tensor kl_to_standard_normal(const Tensor& mean, const Tensor& log_variance) {
  return sum_per_sample(log_variance + 1 - square(mean) - exp(log_variance)) * -0.5;
}

// z = μ + σ·ε, section 2.4: a draw from N(mean, exp(log_variance)) through which gradients reach both. `noise` is drawn from N(0, 1).
inline Tensor reparametrise(const Tensor& mean, const Tensor& log_variance, const Tensor& noise) {
  return mean + exp(log_variance * 0.5) * noise;
}

}  // namespace duel
