#include "apps/support/judge/extractor.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/support/images/data.h"
#include "engine/grad.h"

namespace duel {
namespace {

constexpr int64_t at_once = 250;  // images a batch

std::string hash_of(Classifier& net, const std::string& precision) {
  const ClassifierConfig& c = net.config;
  const std::string shape =
      fmt::format("{} {}x{}x{} {} {}", classifier_names[static_cast<int>(c.net)], c.h, c.w, c.channels, c.classes, precision);
  uint64_t hash = XXH3_64bits(shape.data(), shape.size());
  each_state("net.", net, [&](const std::string& name, Tensor& t) {
    std::vector<std::byte> bytes(t.bytes());
    t.copy_out(bytes.data());
    hash = XXH3_64bits_withSeed(bytes.data(), bytes.size(), XXH3_64bits_withSeed(name.data(), name.size(), hash));
  });
  return fmt::format("{:016x}", hash);
}

struct Sized {
  Dataset images;
  std::string resizer;
};
Sized at_size_of(const ClassifierConfig& c, const Source& source) {
  Dataset images = source.images.c == c.channels ? source.images : with_channels(source.images, c.channels);
  if (images.h == c.h && images.w == c.w) return {std::move(images), "none"};
  if (c.h != c.w)
    fail(Failure::data, fmt::format("{} has images of {}×{} pixels, but the extractor takes {}×{}; resize them", source.name, images.h,
                                    images.w, c.h, c.w));
  const bool padded = images.h == 28 && images.w == 28 && c.h == 32;
  const std::string resizer = padded ? "none" : fmt::format("duel-triangle from {}x{}", images.h, images.w);
  return {fit(images, c.h), resizer};
}

}  // namespace

Extractor::Extractor(const std::string& from, const std::string& which, Device device) : trained_(checkpoint_path(from, which), device) {
  if (config().channels != 1 && config().channels != 3)
    fail(Failure::data, fmt::format("{}: takes {} channels, and pictures have 1 or 3; train another extractor", from, config().channels));
  hash_ = hash_of(trained_.net, trained_.settings.precision);
  name_ = fmt::format("{} of {}, step {}", trained_.settings.net, from, trained_.step);
}

FeatureSet Extractor::operator()(const Source& source) const {
  const ClassifierConfig& c = config();
  if (source.is_features()) {
    if (source.features->from.extractor != hash_)
      fail(Failure::usage,
           fmt::format("{} holds features of the extractor {}, but --extractor is {} ({}); numbers across the two mean nothing",
                       source.name, source.features->from.extractor, hash_, name_));
    return *source.features;
  }
  NoGrad only_looking;
  const auto [data, resizer] = at_size_of(c, source);
  FeatureSet set{.n = data.n, .k = c.classes, .from = {hash_, name_, resizer, source.name}};
  std::vector<float> values;
  for (int64_t from = 0; from < data.n; from += at_once) {
    const int64_t count = std::min<int64_t>(at_once, data.n - from);
    values.resize(static_cast<size_t>(count) * data.sample_bytes());
    to_signed({data.images.data() + static_cast<size_t>(from) * data.sample_bytes(), values.size()}, values.data());
    const Tensor x = Tensor::from_bytes({count, c.h, c.w, c.channels}, DType::f32, values.data(), trained_.net.device());
    const Tensor seen = trained_.net.features(x);
    append(set.features, seen), append(set.probabilities, softmax(trained_.net.logits(seen)));
  }
  set.d = static_cast<int64_t>(set.features.size()) / set.n;
  const auto bad = std::find_if(set.features.begin(), set.features.end(), [](float v) { return !std::isfinite(v); });
  if (bad != set.features.end())
    fail(Failure::numeric, fmt::format("{}: the extractor's features of image {} hold {}; train it with a smaller --lr", source.name,
                                       (bad - set.features.begin()) / set.d, *bad));
  if (source.labelled) set.labels = data.labels, set.classes = data.classes;
  return set;
}

}  // namespace duel
