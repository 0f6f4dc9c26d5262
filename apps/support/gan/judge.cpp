#include "apps/support/gan/judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/support/generate/generated.h"
#include "engine/io/file.h"

namespace duel {
namespace {

FeatureSet seen(const Extractor& extractor, Dataset images, const std::string& name, int64_t n, int64_t seed) {
  images = without_margin(images, images.margin);
  if (images.c != extractor.config().channels) images = with_channels(images, extractor.config().channels);
  Source source{.name = name, .images = std::move(images)};
  draw(source, n, seed);
  return extractor(source);
}

}  // namespace

GanJudge::GanJudge(const GanSettings& settings, const Dataset& test, Device device)
    : extractor_(settings.extractor, "last", device), seed_(settings.seed) {
  if (test.n <= prdc_neighbours)
    fail(Failure::usage, fmt::format("--extractor {}: {} has {}, and samples are held against more than {}", settings.extractor,
                                     settings.data, counted(static_cast<uint64_t>(test.n), "test image"), prdc_neighbours));
  real_ = seen(extractor_, test, "test images", std::min<int64_t>(settings.eval_n, test.n), seed_);
}

nlohmann::ordered_json GanJudge::operator()(GanState& state) {
  const Generated made = generated(TrainedGan(state), real_.n, seed_);
  Dataset samples = in_memory(made, "samples");
  samples.margin = made.margin;
  const Comparison comparison =
      compare(seen(extractor_, std::move(samples), "samples", real_.n, seed_), real_, nullptr, static_cast<uint64_t>(seed_));
  nlohmann::ordered_json json{{"extractor", extractor_.hash()}, {"eval_n", real_.n}};
  for (const Measure& m : comparison.measures)
    if (m.of_class.empty()) json[m.key] = m.value;
  text_ = fmt::format("FCD {:.3f} of {} samples by extractor {}", json.at("fcd").get<double>(), real_.n, extractor_.hash());
  return json;
}

std::string GanJudge::text() const { return text_; }

}  // namespace duel
