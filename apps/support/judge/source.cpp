#include "apps/support/judge/source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "apps/support/images/labels_csv.h"
#include "apps/support/run/checkpoint.h"
#include "engine/data/batches.h"
#include "engine/io/file.h"
#include "kernels/error.h"

namespace duel {
namespace {

namespace fs = std::filesystem;

}  // namespace

Dataset without_margin(const Dataset& data, int margin) {
  if (margin == 0) return data;
  if (margin < 0 || 2 * margin >= std::min(data.h, data.w))
    fail(Failure::usage, fmt::format("--margin {}: nothing would be left of {}×{} pixels", margin, data.h, data.w));
  Dataset out{data.name, data.n, data.h - 2 * margin, data.w - 2 * margin, data.c, {}, data.labels, data.classes};
  out.images.reserve(static_cast<size_t>(out.n) * out.sample_bytes());
  for (int i = 0; i < data.n; ++i) {
    const Image image = crop(image_of(data, i), margin, margin, out.h, out.w);
    out.images.insert(out.images.end(), image.pixels.begin(), image.pixels.end());
  }
  return out;
}

namespace {

Source features_source(const std::string& path, const SourceOptions& options) {
  if (options.margin) fail(Failure::usage, fmt::format("{}: --margin is for images, and this holds features", path));
  Source source{.name = path};
  source.features = read_features(path);
  source.labelled = !source.features->labels.empty();
  return source;
}

// The checkpoint that `spec` is or that a run has; or features, which are such a file too. Empty where it is neither.
std::string tensors_of(const std::string& spec, const SourceOptions& options) {
  if (spec.ends_with(".safetensors")) return spec;
  const bool run = fs::is_directory(fs::path(spec) / "checkpoints");
  return run ? checkpoint_path(spec, options.generation ? options.generation->which : "last") : "";
}

Source generated_source(const std::string& spec, const std::string& file, const SourceOptions& options) {
  const Generation& g = *options.generation;
  if (g.n < 1 || g.n > INT32_MAX) fail(Failure::usage, fmt::format("--n {}: 1 to {} images", g.n, INT32_MAX));
  const Generated made = g.by(file, g.n, g.seed, g.device);
  Source source{.name = fmt::format("{} (step {}, seed {})", spec, made.step, g.seed), .images = in_memory(made, spec)};
  source.labelled = !made.labels.empty();
  Dataset& images = source.images;
  images = without_margin(images, options.margin ? options.margin : made.margin);
  if (options.channels && images.c != options.channels) images = with_channels(images, options.channels);
  if (options.size && (images.h != options.size || images.w != options.size)) images = fit(images, options.size);
  return source;
}

}  // namespace

Source open_source(const std::string& spec, const SourceOptions& options) {
  if (options.split != "train" && options.split != "test") fail(Failure::usage, fmt::format("--split {}: train or test", options.split));
  if (const std::string file = tensors_of(spec, options); !file.empty()) {
    const bool generator = is_generator(format_of(file));
    if (generator && options.generation) return generated_source(spec, file, options);
    if (generator) fail(Failure::usage, fmt::format("{}: this generates images, and real ones are wanted here; name a data set", spec));
    if (file == spec) return features_source(spec, options);
    fail(Failure::usage, fmt::format("{}: this is a run that generates no images; name one of gan, cgan or vae, or pictures", spec));
  }

  std::string data = spec, split = options.split;
  for (const char* one : {"train", "test"})
    if (const std::string suffix = fmt::format("@{}", one); spec.ends_with(suffix) && !fs::exists(spec))
      data = spec.substr(0, spec.size() - suffix.size()), split = one;
  DataSplits splits = load_data(
      data, {.size = options.size, .channels = options.channels, .seed = static_cast<uint64_t>(options.seed), .holdout = options.holdout});
  if (split == "test" && splits.test.n == 0 && options.or_all) split = "train";
  Source source{.name = fmt::format("{}@{}", data, split), .images = split == "test" ? std::move(splits.test) : std::move(splits.train)};
  if (source.images.n == 0) fail(Failure::data, fmt::format("{}: has no {} images", data, split));
  source.images = without_margin(source.images, options.margin);
  // What was held out has lost its place among the file names.
  const bool whole = split == "train" && splits.test.n == 0;
  source.labelled = (whole && read_labels_csv(data, source.images)) || source.images.classes.size() > 1;
  return source;
}

void draw(Source& source, int64_t n, int64_t seed) {
  if (n < 1) fail(Failure::usage, fmt::format("--n {}: at least 1", n));
  if (n > source.n())
    fail(Failure::usage, fmt::format("{}: {} wanted, but it has {}; ask for a smaller --n", source.name,
                                     counted(static_cast<uint64_t>(n), "image"), source.n()));
  if (n == source.n()) return;
  std::vector<int32_t> order = permutation(static_cast<int32_t>(source.n()), static_cast<uint64_t>(seed), 0);
  order.resize(static_cast<size_t>(n));
  if (source.features) source.features = subset(*source.features, order);
  else source.images = subset(source.images, order);
}

bool take_padding_away(Source& source, int h, int w) {
  if (source.images.h != 32 || source.images.w != 32 || h != 28 || w != 28) return false;
  source.images = without_margin(source.images, 2);
  return true;
}

void match_sizes(Source& a, Source& b) {
  if (a.is_features() || b.is_features()) return;
  if (!take_padding_away(a, b.images.h, b.images.w)) take_padding_away(b, a.images.h, a.images.w);
  const Dataset &x = a.images, &y = b.images;
  if (x.h != y.h || x.w != y.w)
    fail(Failure::data, fmt::format("{} has images of {}×{} pixels, {} of {}×{}; --size {} brings both to one size as training does",
                                    a.name, x.h, x.w, b.name, y.h, y.w, x.h));
}

std::vector<int32_t> matched_labels(const std::vector<int32_t>& labels, const std::vector<std::string>& from,
                                    const std::vector<std::string>& to, const std::string& source) {
  std::vector<int32_t> numbers;
  for (const std::string& name : from) {
    const auto known = std::find(to.begin(), to.end(), name);
    int32_t number = static_cast<int32_t>(known - to.begin());
    const char* end = name.data() + name.size();
    if (known == to.end() &&
        (std::from_chars(name.data(), end, number).ptr != end || number < 0 || number >= static_cast<int32_t>(to.size())))
      fail(Failure::data, fmt::format("{}: its class '{}' is neither one of the {} classes [{}] nor the number of one, from 0; label it so",
                                      source, name, to.size(), fmt::join(to, ", ")));
    numbers.push_back(number);
  }
  std::vector<int32_t> out;
  for (const int32_t label : labels) out.push_back(numbers[static_cast<size_t>(label)]);
  return out;
}

void match_labels(Dataset& from, const std::vector<std::string>& to) {
  from.labels = matched_labels(from.labels, from.classes, to, from.name);
  from.classes = to;
}

}  // namespace duel
