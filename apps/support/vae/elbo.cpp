#include "apps/support/vae/elbo.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/support/vae/pictures.h"

namespace duel {
namespace {

constexpr int at_once = 250;  // images a batch

std::vector<double> each_value(const Tensor& t) { return t ? t.values() : std::vector<double>(); }

}  // namespace

Elbo evaluate(const Vae& net, const VaeObjective& objective, const Dataset& data, int64_t seed) {
  NoGrad only_looking;
  Elbo total;
  double squares = 0;
  const bool bernoulli = objective.likelihood == Likelihood::bernoulli;
  const Rng rng{seed, RandomStream::evaluation};
  for (int from = 0; from < data.n; from += at_once) {
    const LabelledImages batch = images_for(net, data, from, std::min(at_once, data.n - from));
    const Tensor noise = rng.normal({batch.x.shape()[0], net.config.latent}, step_counter(0, batch.x.device()), 0, 1, DType::f32, from);
    const VaeTerms terms = vae_terms(net, objective, batch.x, batch.labels, noise, Mode::infer);
    const std::vector<double> reconstruction = each_value(terms.reconstruction), kl = each_value(terms.kl);
    const std::vector<double> floor = each_value(bernoulli ? bernoulli_entropy(batch.x) : Tensor());
    for (size_t i = 0; i < reconstruction.size(); ++i) {
      const double nats = reconstruction[i] + (kl.empty() ? 0 : kl[i]);
      if (!std::isfinite(nats))
        fail(Failure::numeric, fmt::format("image {}: −ELBO is {}; the net has run away", from + static_cast<int>(i), nats));
      total.reconstruction += reconstruction[i], total.kl += kl.empty() ? 0 : kl[i], total.floor += floor.empty() ? 0 : floor[i];
      squares += nats * nats;
    }
  }
  if (data.n == 0) return total;
  const double n = static_cast<double>(data.n);
  total.n = data.n, total.reconstruction /= n, total.kl /= n, total.floor /= n;
  total.error = std::sqrt(std::max(0.0, squares / n - total.elbo() * total.elbo()) / n);
  return total;
}

std::string elbo_text(const Elbo& e, const VaeObjective& objective, bool variational) {
  std::string text = fmt::format("{} images, {} pixels; nats an image\n\n", e.n, likelihood_names[static_cast<int>(objective.likelihood)]);
  auto row = [&](const char* name, double value, const std::string& note) {
    text += fmt::format("{:<14} {:>10.2f}{}{}\n", name, value, note.empty() ? "" : "  ", note);
  };
  row("-log p(x|z)", e.reconstruction,
      objective.likelihood == Likelihood::bernoulli ? fmt::format("no less than {:.2f}, the entropy of grey pixels", e.floor) : "");
  if (!variational) return text + "\nAn autoencoder has no prior, and so no ELBO.\n";
  row("KL", e.kl, objective.beta == 1 ? "" : fmt::format("trained with weight {}, counted with 1", objective.beta));
  row("ELBO", e.elbo(), fmt::format("standard error {:.2f}; z drawn once an image", e.error));
  return text;
}

}  // namespace duel
