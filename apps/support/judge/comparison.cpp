#include "apps/support/judge/comparison.h"

#include <fmt/format.h>

#include "apps/support/judge/source.h"
#include "apps/support/metrics/duplicates.h"
#include "apps/support/metrics/frechet.h"
#include "apps/support/metrics/kid.h"
#include "apps/support/metrics/prdc.h"
#include "apps/support/metrics/score.h"
#include "engine/data/batches.h"
#include "kernels/error.h"

namespace duel {
namespace {

FeatureSet of_class(const FeatureSet& set, const std::vector<int32_t>& labels, int32_t label) {
  std::vector<int32_t> indices;
  for (size_t i = 0; i < labels.size(); ++i)
    if (labels[i] == label) indices.push_back(static_cast<int32_t>(i));
  return subset(set, indices);
}

// Of the classes of `real`. Both sides keep all the samples that they have of a class, so n is that of the smaller one.
void add_classes(Comparison& c, const FeatureSet& generated, const FeatureSet& real) {
  std::vector<int32_t> labels;
  try {
    labels = matched_labels(generated.labels, generated.classes, real.classes, generated.from.source);
  } catch (const Error& error) {
    c.warnings.push_back(fmt::format("no distance by class: {}", error.what()));
    return;
  }
  size_t left_out = 0, few = 0;
  for (size_t k = 0; k < real.classes.size(); ++k) {
    const FeatureSet a = of_class(generated, labels, static_cast<int32_t>(k)), b = of_class(real, real.labels, static_cast<int32_t>(k));
    const int64_t n = std::min(a.n, b.n);
    if (n <= real.d) {
      ++left_out;
      continue;
    }
    few += too_few_for_frechet(n, real.d);
    c.measures.push_back(
        {.key = "fcd", .of_class = real.classes[k], .value = frechet(moments(a.features, a.d), moments(b.features, b.d)), .n = n});
  }
  if (left_out)
    c.warnings.push_back(fmt::format("no distance for {} of {} classes, which have at most {} samples on a side, as many as features",
                                     left_out, real.classes.size(), real.d));
  if (few)
    c.warnings.push_back(
        fmt::format("{} distances by class are of fewer than {} samples, ten a feature, and so too large", few, 10 * real.d));
}

// The literature's name for the distance belongs to the literature's network alone.
std::string frechet_key(const Provenance& from) { return from.extractor_name.starts_with("inception") ? "fid" : "fcd"; }

}  // namespace

Comparison compare(const FeatureSet& generated, const FeatureSet& real, const FeatureSet* train, uint64_t seed) {
  want_comparable(generated, real);
  if (train) want_comparable(generated, *train);
  if (generated.n != real.n)
    fail(Failure::usage, fmt::format("[compare] {} samples and {} real images; take equally many", generated.n, real.n));
  const int64_t n = generated.n, d = generated.d;
  Comparison c{generated.from.source, real.from.source, real.from, {}, {}};
  auto add = [&](const std::string& key, double value) -> Measure& {
    return c.measures.emplace_back(Measure{.key = key, .value = value, .n = n});
  };

  const Prdc shares = prdc(real.features, generated.features, d, prdc_neighbours);
  if (too_few_for_frechet(n, d))
    c.warnings.push_back(
        fmt::format("{} samples of {} features: below {}, ten a feature, a Fréchet distance is too large; take more", n, d, 10 * d));
  add(frechet_key(real.from), frechet(moments(generated.features, d), moments(real.features, d)));
  Measure& kernel = add("kid", kid(generated.features, real.features, d));
  if (n >= kid_subset) {
    kernel.deviation = kid_deviation(generated.features, real.features, d, kid_subsets, kid_subset, seed);
    kernel.over = fmt::format("{} subsets of {}", kid_subsets, kid_subset);
  }
  if (!generated.probabilities.empty()) {
    // Pictures are read class by class, and a split of one class would know only that.
    const FeatureSet mixed = subset(generated, permutation(static_cast<int32_t>(n), seed, 0));
    const Score score = classifier_score(mixed.probabilities, mixed.k, score_splits);
    Measure& m = add("score", score.mean);
    m.deviation = score.deviation, m.over = fmt::format("{} splits", score.splits);
  }
  add("precision", shares.precision), add("recall", shares.recall);
  add("density", shares.density), add("coverage", shares.coverage);
  if (train)
    add("duplicates", duplicate_rate(nearest(generated.features, train->features, d), nearest(real.features, train->features, d)).rate);
  if (!generated.labels.empty() && !real.labels.empty()) add_classes(c, generated, real);
  return c;
}

std::string Comparison::text() const {
  std::string table =
      fmt::format("generated  {}\nreal       {}\nextractor  {}\n\n{:<24} {:>12} {:<34} {:>7}  {:<16}  {}\n", generated, real,
                  from.extractor_name.empty() ? from.extractor : from.extractor_name, "measure", "value", "", "n", "extractor", "resizer");
  for (const Measure& m : measures) {
    const std::string deviation = m.deviation < 0 ? "" : fmt::format("± {:.5f} over {}", m.deviation, m.over);
    table +=
        fmt::format("{:<24} {:>12.5f} {:<34} {:>7}  {:<16}  {}\n", m.of_class.empty() ? m.key : fmt::format("{} of {}", m.key, m.of_class),
                    m.value, deviation, m.n, from.extractor, from.resizer);
  }
  return table;
}

nlohmann::ordered_json provenance_json(const Provenance& from) {
  return {{"extractor", from.extractor}, {"extractor_name", from.extractor_name}, {"resizer", from.resizer}};
}

nlohmann::ordered_json Comparison::json() const {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Measure& m : measures) {
    nlohmann::ordered_json one{{"measure", m.key}};
    if (!m.of_class.empty()) one["class"] = m.of_class;
    one["value"] = m.value;
    if (m.deviation >= 0) one["deviation"] = m.deviation, one["over"] = m.over;
    one["n"] = m.n;
    one.update(provenance_json(from));
    all.push_back(one);
  }
  return {{"generated", generated}, {"real", real}, {"measures", all}, {"warnings", warnings}};
}

}  // namespace duel
