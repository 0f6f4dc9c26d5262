#include "apps/support/generators/class_samples.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/support/command/signals.h"
#include "apps/support/gan/generated.h"
#include "apps/support/images/tiles.h"
#include "apps/support/judge/source.h"
#include "apps/support/metrics/scores.h"
#include "apps/support/vae/generated.h"
#include "apps/support/vae/pictures.h"
#include "engine/data/sampling.h"
#include "engine/data/splitmix.h"

namespace duel {
namespace {

const GanConfig& config_of(const TrainedGan& gan) { return gan.g.config; }
const VaeConfig& config_of(const TrainedVae& vae) { return vae.net.config; }

Dataset empty_like(const Dataset& like) { return {.name = like.name, .h = like.h, .w = like.w, .c = like.c, .classes = like.classes}; }

// Without the margin that training added, and in as many channels as `like`.
Dataset brought_home(Dataset made, int margin, const Dataset& like, const std::string& run) {
  Source source{.name = run, .images = without_margin(made, margin)};
  if (source.images.c != like.c) source.images = with_channels(source.images, like.c);
  if (source.images.h != like.h || source.images.w != like.w) take_padding_away(source, like.h, like.w);
  if (source.images.h != like.h || source.images.w != like.w)
    fail(Failure::data, fmt::format("{} makes images of {}×{} pixels, and those of {} have {}×{}; --size brings these to another size", run,
                                    source.images.h, source.images.w, like.name, like.h, like.w));
  source.images.name = like.name;
  return source.images;
}

void append(ClassSamples& to, const Dataset& images, const std::vector<int64_t>& seed, const std::vector<int64_t>& number) {
  to.images = joined(std::move(to.images), images);
  to.seed.insert(to.seed.end(), seed.begin(), seed.end());
  to.number.insert(to.number.end(), number.begin(), number.end());
}

}  // namespace

std::vector<int64_t> missing(const Dataset& data) {
  std::vector<int64_t> counts = class_counts(data.labels, static_cast<int>(data.classes.size()));
  const int64_t largest = *std::max_element(counts.begin(), counts.end());
  for (int64_t& count : counts) count = largest - count;
  return counts;
}

Dataset joined(Dataset a, const Dataset& b) {
  a.n += b.n;
  a.images.insert(a.images.end(), b.images.begin(), b.images.end());
  a.labels.insert(a.labels.end(), b.labels.begin(), b.labels.end());
  return a;
}

template <class Trained>
void check_fills(const Trained& generator, const std::string& run, const Dataset& data, bool labelled) {
  const auto& net = config_of(generator);
  if (labelled && net.classes == 0)
    fail(Failure::data, fmt::format("{}: it was not told classes, and classes are to be filled up; train it with labels", run));
  if (labelled && generator.classes != data.classes)
    fail(Failure::data, fmt::format("{}: its classes are [{}], but those of {} are [{}]", run, fmt::join(generator.classes, ", "),
                                    data.name, fmt::join(data.classes, ", ")));
  brought_home(Dataset{.h = net.h, .w = net.w, .c = net.channels}, generator.margin, data, run);
}

template <class Trained>
ClassSamples class_samples(const Trained& generator, const std::vector<int64_t>& counts, const Dataset& like, int64_t seed) {
  ClassSamples all{empty_like(like), {}, {}};
  for (size_t c = 0; c < counts.size() && !stop_requested(); ++c) {
    if (counts[c] == 0) continue;
    const auto noise = static_cast<int64_t>(SplitMix(static_cast<uint64_t>(seed), c).next() >> 1);
    std::vector<int64_t> number(static_cast<size_t>(counts[c]));
    std::iota(number.begin(), number.end(), int64_t{0});
    append(all,
           brought_home(in_memory(generated(generator, counts[c], noise, static_cast<int>(c)), "samples"), generator.margin, like,
                        "the generator"),
           std::vector<int64_t>(number.size(), noise), number);
  }
  return all;
}

std::string FilteredSamples::note() const {
  std::string text = fmt::format("{} of {} samples kept", images.n, std::accumulate(tried.begin(), tried.end(), int64_t{0}));
  for (size_t c = 0; c < lacking.size(); ++c)
    if (lacking[c] > 0) text += fmt::format("; {} is {} short", images.classes[c], lacking[c]);
  return text;
}

template <class Trained>
FilteredSamples filtered_samples(const Trained& generator, const std::vector<int64_t>& counts, const Dataset& like, int64_t seed,
                                 const Judge& judge) {
  constexpr uint64_t rounds = 10;
  FilteredSamples out{{empty_like(like), {}, {}}, std::vector<int64_t>(counts.size()), counts};
  std::vector<int64_t>& left = out.lacking;
  const auto lacks = [&] { return std::any_of(left.begin(), left.end(), [](int64_t n) { return n > 0; }); };
  for (uint64_t round = 0; round < rounds && lacks() && !stop_requested(); ++round) {
    const ClassSamples candidates = class_samples(generator, left, like, static_cast<int64_t>(static_cast<uint64_t>(seed) + (round << 32)));
    const std::vector<float> said = judge(candidates.images);
    if (!std::all_of(said.begin(), said.end(), [](float v) { return std::isfinite(v); }))
      fail(Failure::numeric, "what the filter says of a sample is no number; train it anew with a smaller --lr");
    const size_t classes = like.classes.size();
    std::vector<int32_t> good;
    std::vector<int64_t> seeds, numbers;
    for (size_t i = 0; i < candidates.seed.size(); ++i) {
      const auto truth = static_cast<size_t>(candidates.images.labels[i]);
      ++out.tried[truth];
      if (best_class({said.data() + i * classes, classes}) != static_cast<int>(truth)) continue;
      good.push_back(static_cast<int32_t>(i)), seeds.push_back(candidates.seed[i]), numbers.push_back(candidates.number[i]);
      --left[truth];
    }
    append(out, subset(candidates.images, good), seeds, numbers);
  }
  return out;
}

template void check_fills(const TrainedGan&, const std::string&, const Dataset&, bool);
template void check_fills(const TrainedVae&, const std::string&, const Dataset&, bool);
template ClassSamples class_samples(const TrainedGan&, const std::vector<int64_t>&, const Dataset&, int64_t);
template ClassSamples class_samples(const TrainedVae&, const std::vector<int64_t>&, const Dataset&, int64_t);
template FilteredSamples filtered_samples(const TrainedGan&, const std::vector<int64_t>&, const Dataset&, int64_t, const Judge&);
template FilteredSamples filtered_samples(const TrainedVae&, const std::vector<int64_t>&, const Dataset&, int64_t, const Judge&);

SmotedCodes smote_codes(const TrainedVae& vae, const Dataset& data, const SmoteOptions& options) {
  const VaeConfig& net = vae.net.config;
  Dataset seen = data.c == net.channels ? data : with_channels(data, net.channels);
  if (seen.h != net.h || seen.w != net.w) seen = fit(seen, net.h);
  const Codes codes = encode(vae.net, seen);
  const Tensor rows = Tensor::from_bytes({seen.n, net.latent}, DType::f32, codes.mean.data(), Device::cpu);
  const Oversampled more = smote(rows, seen.labels, static_cast<int>(seen.classes.size()), options);
  std::vector<float> z(static_cast<size_t>(more.x.count()));
  more.x.copy_out(z.data());
  const std::vector<float> values = decoded(vae.net, vae.settings.objective().likelihood, z, more.labels);
  Dataset made{.name = data.name,
               .n = static_cast<int>(more.labels.size()),
               .h = net.h,
               .w = net.w,
               .c = net.channels,
               .images = std::vector<uint8_t>(values.size()),
               .labels = more.labels,
               .classes = data.classes};
  to_pixels(values, made.images.data());
  return {brought_home(std::move(made), vae.margin, data, "the VAE"), more.base, more.neighbour, more.u};
}

}  // namespace duel
