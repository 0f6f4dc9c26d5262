#include "apps/support/vae/settings.h"

#include <cmath>

#include "apps/support/command/choice.h"
#include "kernels/problem.h"

namespace duel {
void VaeSettings::check() const {
  check_common();
  want(net == "vae" || net == "conv" || net == "ae", fmt::format("--net {}: there are vae, conv and ae", net));
  objective();
  want(sigma > 0 && std::isfinite(sigma), fmt::format("--sigma {} must be positive", sigma));
  want(beta >= 0 && std::isfinite(beta), fmt::format("--beta {} must not be negative", beta));
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
  return {.likelihood = choice<Likelihood>("--likelihood", likelihood, likelihood_names), .beta = beta, .sigma = sigma};
}

}  // namespace duel
