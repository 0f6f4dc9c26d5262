#include "apps/support/generate/generated.h"

#include <fmt/format.h>

#include "apps/support/gan/pictures.h"
#include "apps/support/vae/pictures.h"
#include "engine/io/file.h"

namespace duel {
namespace {

// Everything but the values.
template <class Trained, class Config>
Generated described(const Trained& trained, const Config& c, int64_t n, int64_t seed, int label) {
  Generated made{{.n = n, .h = c.h, .w = c.w, .c = c.channels, .labels = {}, .classes = trained.classes, .about = {}, .values = {}},
                 trained.step,
                 trained.margin};
  if (c.classes) made.labels = balanced_labels(n, c.classes, label);
  if (!trained.origin.file.empty()) made.about = about_generator(trained.origin, trained.step, seed);
  return made;
}

std::vector<int32_t> part_of(const std::vector<int32_t>& labels, int64_t from, int64_t to) {
  if (labels.empty()) return {};
  return {labels.begin() + from, labels.begin() + to};
}

}  // namespace

nlohmann::ordered_json about_generator(const Origin& origin, int64_t step, int64_t seed) {
  return {{"checkpoint", printable(origin.file, 4096)}, {"xxh3", origin.xxh3}, {"step", step}, {"seed", seed}};
}

Generated generated(const TrainedGan& gan, int64_t n, int64_t seed, int label) {
  Generated made = described(gan, gan.g.config, n, seed, label);
  made.values = [g = gan.g, labels = made.labels, z = noise(gan.g, n, seed, RandomStream::samples)](int64_t from, int64_t to) {
    const std::vector<int32_t> part = part_of(labels, from, to);
    return generate(g, {slice(z, from, to), part.empty() ? Tensor() : Tensor::from_bytes({to - from}, DType::i32, part.data(), g.device)});
  };
  return made;
}

Generated generated(const TrainedVae& vae, int64_t n, int64_t seed, int label) {
  if (!vae.net.config.variational)
    fail(Failure::usage, "a plain autoencoder has no distribution of z to draw images from; train one with --net vae or conv");
  Generated made = described(vae, vae.net.config, n, seed, label);
  made.values = [net = vae.net, likelihood = vae.settings.objective().likelihood, labels = made.labels,
                 z = prior(vae.net, n, seed, RandomStream::samples)](int64_t from, int64_t to) {
    const int64_t latent = net.config.latent;
    return decoded(net, likelihood, {z.begin() + from * latent, z.begin() + to * latent}, part_of(labels, from, to));
  };
  return made;
}

std::string format_of(const std::string& file) {
  const SafeTensors content = read_safetensors(file);
  const auto it = content.metadata.find("format");
  return it == content.metadata.end() ? "" : it->second;
}

bool is_generator(const std::string& format) { return format == gan_format || format == vae_format; }

Generated generated_by(const std::string& file, int64_t n, int64_t seed, Device device) {
  return format_of(file) == gan_format ? generated(TrainedGan(file, device), n, seed) : generated(TrainedVae(file, device), n, seed);
}

Dataset in_memory(const GeneratedImages& images, const std::string& name) {
  Dataset data{name, static_cast<int>(images.n), images.h, images.w, images.c, {}, images.labels, images.classes};
  if (images.labels.empty()) data.labels.assign(static_cast<size_t>(images.n), 0), data.classes = {""};
  data.images.reserve(static_cast<size_t>(images.n) * data.sample_bytes());
  each_picture(images,
               [&](int64_t, const Image& picture) { data.images.insert(data.images.end(), picture.pixels.begin(), picture.pixels.end()); });
  return data;
}

void generate_into(const std::string& folder, const Generated& images) {
  write_generated(folder, images);
  fmt::print("{} of step {} in {}{}\n", counted(static_cast<uint64_t>(images.n), "image"), images.step, folder,
             images.labels.empty() ? "" : ", with labels.csv");
}

}  // namespace duel
