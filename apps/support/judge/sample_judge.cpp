#include "apps/support/judge/sample_judge.h"

#include <fmt/format.h>

#include <algorithm>

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

SampleJudge::SampleJudge(const Extractor& extractor, const std::string& data, const Dataset& test, int64_t n, int64_t seed)
    : extractor_(extractor), seed_(seed) {
  if (test.n <= prdc_neighbours)
    fail(Failure::usage, fmt::format("--extractor: {} has {}, and samples are held against more than {}", data,
                                     counted(static_cast<uint64_t>(test.n), "test image"), prdc_neighbours));
  real_ = seen(extractor_, test, "test images", std::min<int64_t>(n, test.n), seed_);
}

nlohmann::ordered_json SampleJudge::operator()(const Generated& made) {
  Dataset samples = in_memory(made, "samples");
  samples.margin = made.margin;
  const Comparison comparison =
      compare(seen(extractor_, std::move(samples), "samples", real_.n, seed_), real_, nullptr, static_cast<uint64_t>(seed_));
  nlohmann::ordered_json json{{"extractor", extractor_.hash()}, {"resizer", comparison.from.resizer}, {"eval_n", real_.n}};
  for (const Measure& m : comparison.measures)
    if (m.of_class.empty()) json[m.key] = m.value;
  text_ = fmt::format("FCD {:.3f} of {} samples by extractor {}", json.at("fcd").get<double>(), real_.n, extractor_.hash());
  return json;
}

}  // namespace duel
