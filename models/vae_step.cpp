#include "models/vae_step.h"

#include <fmt/format.h>

#include <cmath>

#include "models/gradients.h"
#include "models/image_range.h"

namespace duel {

void check_objective(const VaeObjective& o) {
  auto want = [](bool right, const std::string& message) {
    if (!right) fail(Failure::usage, message);
  };
  want(o.sigma > 0 && std::isfinite(o.sigma), fmt::format("--sigma {} must be positive", o.sigma));
  want(o.beta >= 0 && std::isfinite(o.beta), fmt::format("--beta {}: at least 0", o.beta));
  want(o.l1 >= 0 && std::isfinite(o.l1), fmt::format("--l1 {}: at least 0", o.l1));
  want(o.accumulate >= 1 && o.accumulate <= 1000, fmt::format("--accumulate {}: 1 to 1000 batches for an update", o.accumulate));
}

void VaeStep::operator()(const Tensor& drawn) {
  if (!range_known) check_image_range(x, "vae", "a VAE's pixels are probabilities, made of values in [-1, 1]");
  range_known = true;
  const int parts = objective.accumulate;
  const int64_t n = x.shape()[0] / parts;
  const auto as_many = [&](const Tensor& t) { return !t || t.shape()[0] == x.shape()[0]; };  // labels and noise where there are any
  if (n * parts != x.shape()[0] || !as_many(drawn) || !as_many(labels))
    fail(Failure::usage, fmt::format("[vae] a step of {} batches shares images {}, noise {} and labels {}; the first axes must be one "
                                     "multiple of them",
                                     parts, x.text(), drawn ? drawn.text() : "none", labels ? labels.text() : "none"));
  Tensors gradients;
  for (int part = 0; part < parts; ++part) {
    const auto share = [&](const Tensor& t) { return t ? slice(t, part * n, (part + 1) * n).detach() : Tensor(); };
    learn(share(x), share(labels), share(drawn), gradients);
  }
  const Tensors weights = used(net);
  finish(gradients, weights, parts, objective.l1);
  optimizer.step(gradients);
  if (!optimizer.counts_in(step)) increment(step);
  if (average) average->update(net, step);
}

void VaeStep::learn(const Tensor& images, const Tensor& classes, const Tensor& drawn, Tensors& gradients) {
  const VaeTerms terms = vae_terms(net, objective, affine(images, 0.5, 0.5), classes, drawn, Mode::train);
  const Tensor reconstruction = mean(terms.reconstruction);
  const Tensor kl = terms.kl ? mean(terms.kl) : Tensor();
  Tensor loss = kl ? reconstruction + kl * objective.beta : reconstruction;
  if (perceptual.wanted()) {
    const Tensor made = affine(mean_image(objective.likelihood, terms.out), 2, -1);
    loss = loss + mean(perceptual_loss(perceptual, made, images));
  }
  accumulate(gradients, grad(loss, used(net)));
  NoGrad only_looking;
  note(0, loss), note(1, reconstruction);
  if (kl) note(2, kl);
}

void VaeStep::note(int index, const Tensor& value) {
  const Tensor at = sums.alias({}, index);
  const Tensor share = cast(value.detach(), at.dtype());
  sums.alias({}, index).assign(add(at, objective.accumulate > 1 ? share * (1.0 / objective.accumulate) : share).detach());
}

}  // namespace duel
