#include "apps/support/vae/pictures.h"

#include <algorithm>
#include <cmath>

#include "apps/support/images/class_name.h"
#include "apps/support/images/data.h"
#include "apps/support/images/tiles.h"

namespace duel {
namespace {

constexpr int at_once = 250;  // images a batch

Device device_of(const Vae& net) { return net.decoder.dense.w.master.device(); }

Tensor labels_tensor(const Vae& net, const int32_t* labels, int64_t n) {
  return net.config.classes ? Tensor::from_bytes({n}, DType::i32, labels, device_of(net)) : Tensor();
}

void append_decoded(std::vector<float>& values, const Vae& net, Likelihood likelihood, const Tensor& z, const Tensor& labels) {
  append(values, affine(mean_image(likelihood, net.decoder(z, labels, Mode::infer)), 2, -1));
}

}  // namespace

LabelledImages images_for(const Vae& net, const Dataset& data, int from, int count) {
  std::vector<float> values(static_cast<size_t>(count) * data.sample_bytes());
  to_signed({data.images.data() + static_cast<size_t>(from) * data.sample_bytes(), values.size()}, values.data());
  const Tensor x = Tensor::from_bytes({count, data.h, data.w, data.c}, DType::f32, values.data(), device_of(net));
  return {affine(x, 0.5, 0.5), labels_tensor(net, data.labels.data() + from, count)};
}

Codes encode(const Vae& net, const Dataset& data) {
  NoGrad only_looking;
  Codes codes;
  for (int from = 0; from < data.n; from += at_once) {
    const LabelledImages batch = images_for(net, data, from, std::min(at_once, data.n - from));
    const Posterior q = net.encoder(batch.x, batch.labels, Mode::infer);
    append(codes.mean, q.mean);
    if (q.log_variance) append(codes.log_variance, q.log_variance);
  }
  return codes;
}

std::vector<float> decoded(const Vae& net, Likelihood likelihood, const std::vector<float>& z, const std::vector<int32_t>& labels) {
  NoGrad only_looking;
  const VaeConfig& c = net.config;
  const int64_t n = static_cast<int64_t>(z.size()) / c.latent;
  std::vector<float> values;
  for (int64_t from = 0; from < n; from += at_once) {
    const int64_t count = std::min<int64_t>(at_once, n - from);
    const Tensor part = Tensor::from_bytes({count, c.latent}, DType::f32, z.data() + from * c.latent, device_of(net));
    append_decoded(values, net, likelihood, part, c.classes ? labels_tensor(net, labels.data() + from, count) : Tensor());
  }
  return values;
}

std::vector<Image> decode(const Vae& net, Likelihood likelihood, const std::vector<float>& z, const std::vector<int32_t>& labels) {
  return to_images(decoded(net, likelihood, z, labels), net.config.h, net.config.w, net.config.channels);
}

std::vector<float> prior(const Vae& net, int64_t n, int64_t seed, RandomStream stream) {
  std::vector<float> z;
  append(z, Rng{seed, stream}.normal({n, net.config.latent}, step_counter(0, device_of(net))));
  return z;
}

Image sample_grid(const Vae& net, Likelihood likelihood, int64_t n, int columns, int64_t seed, RandomStream stream, int label) {
  const VaeConfig& c = net.config;
  const bool every_class = c.classes && label < 0;
  const int64_t draws = every_class ? (n + columns - 1) / columns : n;
  const std::vector<float> drawn = prior(net, draws, seed, stream);
  std::vector<float> z;
  std::vector<int32_t> labels;
  for (int64_t i = 0; i < n; ++i) {
    const float* row = drawn.data() + (every_class ? i / columns : i) * c.latent;
    z.insert(z.end(), row, row + c.latent);
    labels.push_back(every_class ? static_cast<int32_t>(i % columns % c.classes) : label);
  }
  return make_grid(decode(net, likelihood, z, labels), columns);
}

Image class_walk_grid(const Vae& net, Likelihood likelihood, int rows, int steps, int64_t seed, const std::vector<int>& classes) {
  NoGrad only_looking;
  const VaeConfig& c = net.config;
  const ClassWalk walk = walk_through(classes, steps, c.classes);
  const Tensor labels = Tensor::from({walk.pictures, c.classes}, walk.shares, DType::f32, device_of(net));
  const std::vector<float> drawn = prior(net, rows, seed, RandomStream::interpolation);
  std::vector<float> values;
  for (int row = 0; row < rows; ++row)
    for (int64_t from = 0; from < walk.pictures; from += at_once) {
      const int64_t to = std::min<int64_t>(from + at_once, walk.pictures);
      std::vector<float> z;
      for (int64_t i = from; i < to; ++i) z.insert(z.end(), drawn.begin() + row * c.latent, drawn.begin() + (row + 1) * c.latent);
      append_decoded(values, net, likelihood, Tensor::from_bytes({to - from, c.latent}, DType::f32, z.data(), device_of(net)),
                     slice(labels, from, to).detach());
    }
  return make_grid(to_images(values, c.h, c.w, c.channels), static_cast<int>(walk.pictures));
}

Image reconstruction_grid(const Vae& net, Likelihood likelihood, const Dataset& images, int columns) {
  const std::vector<Image> made = decode(net, likelihood, encode(net, images).mean, images.labels);
  std::vector<Image> tiles;
  for (int from = 0; from < images.n; from += columns) {
    const int to = std::min(images.n, from + columns), missing = columns - (to - from);
    const Image blank{images.h, images.w, images.c, std::vector<uint8_t>(images.sample_bytes())};
    for (int i = from; i < to; ++i) tiles.push_back(image_of(images, i));
    tiles.insert(tiles.end(), static_cast<size_t>(missing), blank);  // so that a short last row stands over its own
    tiles.insert(tiles.end(), made.begin() + from, made.begin() + to);
  }
  return make_grid(tiles, columns);
}

Image interpolation_grid(const Vae& net, Likelihood likelihood, const Dataset& pairs, int steps) {
  const std::vector<float> mean = encode(net, pairs).mean;
  const size_t latent = static_cast<size_t>(net.config.latent);
  std::vector<float> z;
  std::vector<int32_t> labels;
  for (int a = 0; a + 1 < pairs.n; a += 2)
    for (int i = 0; i < steps; ++i) {
      const float t = steps > 1 ? static_cast<float>(i) / static_cast<float>(steps - 1) : 0.5f;
      const float *from = mean.data() + static_cast<size_t>(a) * latent, *to = from + latent;
      for (size_t k = 0; k < latent; ++k) z.push_back((1 - t) * from[k] + t * to[k]);
      labels.push_back(pairs.labels[static_cast<size_t>(a)]);
    }
  const std::vector<Image> made = decode(net, likelihood, z, labels);
  std::vector<Image> tiles;
  for (int a = 0; a + 1 < pairs.n; a += 2) {
    tiles.push_back(image_of(pairs, a));
    tiles.insert(tiles.end(), made.begin() + a / 2 * steps, made.begin() + (a / 2 + 1) * steps);
    tiles.push_back(image_of(pairs, a + 1));
  }
  return make_grid(tiles, steps + 2);
}

Image arithmetic_grid(const Vae& net, Likelihood likelihood, const Dataset& images, const Dataset& before, const Dataset& after, int steps,
                      double reach) {
  const size_t latent = static_cast<size_t>(net.config.latent);
  auto mean_code = [&](const Dataset& data) {
    const std::vector<float> codes = encode(net, data).mean;
    std::vector<double> mean(latent);
    for (size_t i = 0; i < codes.size(); ++i) mean[i % latent] += codes[i] / data.n;
    return mean;
  };
  const std::vector<double> from = mean_code(before), to = mean_code(after);
  const std::vector<float> codes = encode(net, images).mean;
  std::vector<float> z;
  std::vector<int32_t> labels;
  for (size_t i = 0; i < static_cast<size_t>(images.n); ++i)
    for (int step = 0; step < steps; ++step) {
      const double t = steps > 1 ? reach * step / (steps - 1) : 0;
      for (size_t k = 0; k < latent; ++k) z.push_back(static_cast<float>(codes[i * latent + k] + t * (to[k] - from[k])));
      labels.push_back(images.labels[i]);
    }
  const std::vector<Image> made = decode(net, likelihood, z, labels);
  std::vector<Image> tiles;
  for (int i = 0; i < images.n; ++i) {
    tiles.push_back(image_of(images, i));
    tiles.insert(tiles.end(), made.begin() + i * steps, made.begin() + (i + 1) * steps);
  }
  return make_grid(tiles, steps + 1);
}

double normal_quantile(double p) {
  double low = -40, high = 40;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

Image manifold_grid(const Vae& net, Likelihood likelihood, int side, int label) {
  std::vector<float> z;
  auto at = [&](int i) { return static_cast<float>(normal_quantile((i + 0.5) / side)); };
  for (int row = 0; row < side; ++row)
    for (int column = 0; column < side; ++column) z.push_back(at(column)), z.push_back(at(side - 1 - row));
  return make_grid(decode(net, likelihood, z, std::vector<int32_t>(static_cast<size_t>(side) * static_cast<size_t>(side), label)), side);
}

}  // namespace duel
