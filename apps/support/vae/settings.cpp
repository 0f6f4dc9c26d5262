#include "apps/support/vae/settings.h"

#include <cmath>

#include "apps/support/command/choice.h"
#include "kernels/problem.h"

namespace duel {
void VaeSettings::check() const {
  check_common();
  want(net == "vae" || net == "conv" || net == "ae", fmt::format("--net {}: there are vae, conv and ae", net));
  check_objective(objective());
  check_optimizer(), initial();
  const VaeSettings usual;
  want(likelihood == "gaussian" || sigma == usual.sigma, fmt::format("--sigma {} is of --likelihood gaussian", sigma));
  want(net != "ae" || beta == usual.beta, fmt::format("--beta {}: --net ae has no KL to weigh", beta));
  for (const auto& [flag, weight] : {std::pair{"content", content}, {"style", style}, {"total-variation", variation}})
    want(weight >= 0 && std::isfinite(weight), fmt::format("--{} {}: at least 0", flag, weight));
  want((content == 0 && style == 0) || !extractor.empty(),
       "--content and --style compare what a classifier sees; name a run of classify with --extractor");
  want(net != "ae" || extractor.empty() || content > 0 || style > 0,
       "--extractor with --net ae: it would judge samples, and a plain autoencoder has no distribution of z to draw them from");
  want(size == 0 || (size >= 4 && size <= 4096), fmt::format("--size {}: 4 to 4096, or 0 for the data's", size));
  want(channels == 0 || channels == 1 || channels == 3, fmt::format("--channels {}: 1 or 3, or 0 for the data's", channels));
  want(latent >= 0 && width >= 0, fmt::format("--latent {} and --width {} must not be negative", latent, width));
  want(batch >= (net == "conv" ? 2 : 1), fmt::format("--batch {}: at least 1, and 2 for batch norm in --net conv", batch));
  VaeConfig config = network(size ? size : 28, size ? size : 28, 10);  // the images are not known before the data is loaded
  if (channels == 0) config.channels = 1;
  check_config(config);
}

VaeConfig VaeSettings::network(int h, int w, int classes) const {
  const bool conv = net == "conv";
  return {.net = conv ? VaeNet::conv : VaeNet::keras,
          .h = h,
          .w = w,
          .channels = channels,
          .latent = latent ? latent
                    : conv ? 64
                           : 2,
          .width = width  ? width
                   : conv ? 64
                          : 32,
          .hidden = hidden,
          .classes = conditional ? classes : 0,
          .variational = net != "ae",
          .precision = dtype_of_precision(precision)};
}

VaeObjective VaeSettings::objective() const {
  return {.likelihood = choice<Likelihood>("--likelihood", likelihood, likelihood_names),
          .beta = beta,
          .sigma = sigma,
          .l1 = l1,
          .accumulate = accumulate};
}

std::optional<Init> VaeSettings::initial() const {
  if (init.empty()) return {};
  return choice<Init>("--init", init, init_names);
}

Perceptual VaeSettings::perceptual(const Classifier* by) const {
  return {.content = content, .style = style, .variation = variation, .by = by};
}

void check_perceptual(const VaeSettings& settings, const ClassifierConfig& takes, const Dataset& images) {
  if (settings.content == 0 && settings.style == 0) return;
  want(
      takes.h == images.h && takes.w == images.w && takes.channels == settings.channels,
      fmt::format("--content and --style show the classifier of --extractor {}×{}×{} images, and it takes {}×{}×{}; train one of that size",
                  images.h, images.w, settings.channels, takes.h, takes.w, takes.channels));
}

}  // namespace duel
