// The arithmetic of docs/lessons/vae.md: one pixel and one latent variable by the engine's own ops, in double.
#include <cmath>
#include <cstdio>

#include "engine/grad.h"
#include "models/variational.h"

using namespace duel;

namespace {

Tensor one(double value) { return Tensor::from({1, 1}, {value}, DType::f64, Device::cpu); }
void say(const char* name, const char* how, double value) { std::printf("%-11s = %-40s = %9.6f\n", name, how, value); }

// −ELBO of a pixel x: the encoder has said mean and log σ², the decoder says the logit 2z − 0.6.
Tensor negative_elbo(const Tensor& x, const Tensor& mean, const Tensor& log_variance, const Tensor& noise) {
  const Tensor logit = reparametrise(mean, log_variance, noise) * 2 - 0.6;
  return sum(bernoulli_nll(logit, x) + kl_to_standard_normal(mean, log_variance));
}

void one_pixel() {
  std::printf("one pixel x = 0.8; the encoder says mean 0.5, variance 0.25; drawn: eps = 0.6\n");
  const Tensor x = one(0.8), mean = one(0.5), log_variance = one(std::log(0.25)), noise = one(0.6);
  const Tensor z = reparametrise(mean, log_variance, noise), logit = z * 2 - 0.6;
  say("z", "mean + sigma*eps", z.item());
  say("t", "2z - 0.6", logit.item());
  say("p", "1/(1 + exp(-t))", sigmoid(logit).item());
  say("-log p(x|z)", "-x log p - (1 - x) log(1 - p)", bernoulli_nll(logit, x).item());
  say("KL", "-(1 + log var - mean^2 - var)/2", kl_to_standard_normal(mean, log_variance).item());
  say("-ELBO", "-log p(x|z) + KL", negative_elbo(x, mean, log_variance, noise).item());
  say("floor", "-x log x - (1 - x) log(1 - x)", bernoulli_entropy(x).item());

  std::printf("\nderivatives, by the engine and by nudging the input with the same eps\n");
  const Tensors by_engine = grad(negative_elbo(x, mean, log_variance, noise), {mean, log_variance});
  const double h = 1e-5;
  const auto nudged = [&](double m, double l) { return negative_elbo(x, mean + m, log_variance + l, noise).item(); };
  std::printf("d/d mean    = %9.6f   nudged %9.6f\n", by_engine[0].item(), (nudged(h, 0) - nudged(-h, 0)) / (2 * h));
  std::printf("d/d log var = %9.6f   nudged %9.6f\n", by_engine[1].item(), (nudged(0, h) - nudged(0, -h)) / (2 * h));
}

// What p costs for pixels that are all `value`, or half of them 1 and half 0.
void costs() {
  std::printf("\n%-26s", "what it costs to say p =");
  const double said[] = {0.5, 0.7, 0.8, 0.9, 0.99};
  for (double p : said) std::printf("  %.2f  ", p);
  for (const auto& [name, a, b] : {std::tuple{"a grey pixel, 0.8", 0.8, 0.8}, {"half white, half black", 1.0, 0.0}}) {
    std::printf("\n%-24s", name);
    for (double p : said) {
      const Tensor logit = one(std::log(p / (1 - p)));
      std::printf("  %.4f", (bernoulli_nll(logit, one(a)).item() + bernoulli_nll(logit, one(b)).item()) / 2);
    }
  }
  std::printf("\n");
}

// Black or white pictures of 784 pixels, of which `told` follow from z and the others are coins.
void sum_or_mean() {
  std::printf("\n784 pixels              z says nothing   z says black or white: pixels + KL\n");
  const double coin = std::log(2.0);
  for (int told : {784, 392}) {
    const double without = 784 * coin, with = (784 - told) * coin;
    std::printf("z tells %d of them, summed    %9.4f   %9.4f + %.4f = %9.4f\n", told, without, with, coin, with + coin);
    std::printf("z tells %d of them, averaged  %9.4f   %9.4f + %.4f = %9.4f\n", told, without / 784, with / 784, coin, with / 784 + coin);
  }
}

}  // namespace

int main() {
  one_pixel();
  costs();
  sum_or_mean();
}
