// Pictures of what a VAE has learnt. All of them show the mean of each pixel, with the net's running statistics, and take the mean of
// q(z|x) for z where an image was encoded.
#pragma once
#include <cstdint>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/io/image.h"
#include "models/vae_step.h"

namespace duel {

// Images as the net takes them: x in [0, 1] where the net is, labels where it wants them.
struct LabelledImages {
  Tensor x, labels;
};
LabelledImages images_for(const Vae& net, const Dataset& data, int from, int count);

// q(z|x) of every image: values [n,latent]. log_variance is empty for a plain autoencoder.
struct Codes {
  std::vector<float> mean, log_variance;
};
Codes encode(const Vae& net, const Dataset& data);

// z [n,latent] as values, and a class for each row where the net is conditional; as values in [−1, 1], NHWC, and as pictures.
std::vector<float> decoded(const Vae& net, Likelihood likelihood, const std::vector<float>& z, const std::vector<int32_t>& labels);
std::vector<Image> decode(const Vae& net, Likelihood likelihood, const std::vector<float>& z, const std::vector<int32_t>& labels);

// n draws from the prior, values [n,latent]; the same for the same (seed, stream), and whatever n.
std::vector<float> prior(const Vae& net, int64_t n, int64_t seed, RandomStream stream);

// n draws from the prior. A conditional net shows class `label`, or where that is negative every class in turn, with one z for each row of
// columns.
Image sample_grid(const Vae& net, Likelihood likelihood, int64_t n, int columns, int64_t seed, RandomStream stream, int label = -1);

// A conditional net's walks from class to class, a row for each draw from the prior: z stays, and the label runs (images/class_name.h).
Image class_walk_grid(const Vae& net, Likelihood likelihood, int rows, int steps, int64_t seed, const std::vector<int>& classes);

// Rows in pairs: images as they are, and under each what the net makes of it.
Image reconstruction_grid(const Vae& net, Likelihood likelihood, const Dataset& images, int columns);

// A row for each two images: the first, `steps` points on the line between their codes, the second. A conditional net keeps the class of
// the first.
Image interpolation_grid(const Vae& net, Likelihood likelihood, const Dataset& pairs, int steps);

// Latent arithmetic, as Larsen et al., "Autoencoding beyond pixels using a learned similarity metric" (2016) and White, "Sampling
// generative networks" (2016) do it: to each image's code is added t times the difference of two sets' mean codes, after − before. A row an
// image: the image, then `steps` pictures from t = 0, its reconstruction, to t = reach.
Image arithmetic_grid(const Vae& net, Likelihood likelihood, const Dataset& images, const Dataset& before, const Dataset& after, int steps,
                      double reach);

// The plane of a two-dimensional z: side × side points whose coordinates are quantiles of the prior, as in figure 4 of Kingma & Welling
// (2014). The first coordinate grows to the right, the second upwards.
Image manifold_grid(const Vae& net, Likelihood likelihood, int side, int label = 0);
double normal_quantile(double p);  // of N(0, 1), 0 < p < 1

}  // namespace duel
