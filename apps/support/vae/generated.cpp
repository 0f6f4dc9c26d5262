#include "apps/support/vae/generated.h"

#include "apps/support/vae/pictures.h"

namespace duel {

Generated generated(const TrainedVae& vae, int64_t n, int64_t seed, int label) {
  if (!vae.net.config.variational)
    fail(Failure::usage, "a plain autoencoder has no distribution of z to draw images from; train one with --net vae or conv");
  Generated made = described(vae, vae.net.config, n, seed, label);
  made.values = [net = vae.net, likelihood = vae.settings.objective().likelihood, labels = made.labels,
                 z = prior(vae.net, n, seed, RandomStream::samples)](int64_t from, int64_t to) {
    const int64_t latent = net.config.latent;
    return decoded(net, likelihood, {z.begin() + from * latent, z.begin() + to * latent}, labels_of_part(labels, from, to));
  };
  return made;
}

}  // namespace duel
