#include "apps/support/study/plan.h"

#include <fmt/ranges.h>
#include <omp.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "apps/support/command/choice.h"
#include "apps/support/run/checkpoint.h"
#include "engine/data/sampling.h"
#include "engine/io/file.h"
#include "engine/io/safetensors.h"
#include "kernels/registry.h"

namespace duel {
namespace {

constexpr int smote_neighbours = 5;

std::vector<int64_t> counts_of(const Dataset& data) { return class_counts(data.labels, static_cast<int>(data.classes.size())); }

std::string ratio_text(double ratio) { return fmt::format("ratio {:g}", ratio); }

std::vector<Level> size_levels(const StudyAsk& ask, const Dataset& train) {
  const std::vector<int64_t> all = counts_of(train);
  std::vector<Level> levels;
  for (const int64_t size : ask.sizes) {
    want(size >= 0 && size <= train.n, fmt::format("--sizes {}: {} has {}; 0 takes them all", size, train.name,
                                                   counted(static_cast<uint64_t>(train.n), "training image")));
    const int64_t n = size ? size : train.n;
    levels.push_back({fmt::format("{} images", n), largest_remainders({all.begin(), all.end()}, n)});
  }
  return levels;
}

std::vector<Level> tail_levels(const StudyAsk& ask, const Dataset& train) {
  const std::vector<int64_t> all = counts_of(train);
  if (!ask.counts.empty()) {
    want(ask.counts.size() == all.size(),
         fmt::format("--counts: {} numbers, and {} has {} classes; give one for each", ask.counts.size(), train.name, all.size()));
    return {{"given counts", ask.counts}};
  }
  constexpr int64_t usual_head = 1000;
  const int64_t head = ask.head ? ask.head : std::min(usual_head, *std::min_element(all.begin(), all.end()));
  std::vector<Level> levels;
  for (const double ratio : ask.ratios) {
    want(ratio >= 1 && ratio <= static_cast<double>(head),
         fmt::format("--ratios {:g}: 1 to {}, the images of the largest class; --head sets those", ratio, head));
    levels.push_back({ratio_text(ratio), long_tail_counts(head, static_cast<int>(all.size()), ratio)});
  }
  return levels;
}

void check_level(const StudyPlan& plan, const Level& level, const Dataset& train) {
  const std::vector<int64_t> all = counts_of(train);
  for (size_t c = 0; c < all.size(); ++c)
    want(level.counts[c] >= 1 && level.counts[c] <= all[c],
         fmt::format("{}: {} images of class {}, which has {} to train on; ask for 1 to {}", level.name, level.counts[c], train.classes[c],
                     all[c], all[c]));
  const int64_t total = std::accumulate(level.counts.begin(), level.counts.end(), int64_t{0});
  want(total >= plan.training.batch,
       fmt::format("{}: {} images in all, but --batch is {}; take a smaller batch or more images", level.name, total, plan.training.batch));
  const int64_t rarest = *std::min_element(level.counts.begin(), level.counts.end());
  for (const Arm& arm : plan.arms)
    want(!arm.smotes() || rarest > smote_neighbours, fmt::format("{}: {} images of the rarest class, and {} wants {} neighbours of each "
                                                                 "within its class; leave it out of --arms, or take more images",
                                                                 level.name, rarest, arm.name, smote_neighbours));
}

template <class T>
void check_distinct(const char* flag, const std::vector<T>& values) {
  want(!values.empty() && std::set<T>(values.begin(), values.end()).size() == values.size(),
       fmt::format("--{} {}: give at least one, and each once", flag, fmt::join(values, ",")));
}

// The settings that every arm shares; those that the study sets for each are left out.
nlohmann::ordered_json shared(const ClassifySettings& training) {
  nlohmann::ordered_json json = training.json();
  for (const char* own : {"aug", "images", "mixup", "cutmix", "sample-pairing", "sampler", "class-weights", "seed", "epochs", "minutes",
                          "eval-every", "checkpoint-every"})
    json.erase(own);
  return json;
}

// Its path, and what its checkpoint says of its training.
StudyPlan::Generator generator_of(const std::string& run, bool wanted, const Dataset& train) {
  if (run.empty() || !wanted) return {run, ""};
  const auto metadata = read_safetensors(checkpoint_path(run)).metadata;
  const auto entry = [&](const char* key) {
    const auto it = metadata.find(key);
    return it == metadata.end() ? std::string("?") : it->second;
  };
  const auto settings = nlohmann::json::parse(entry("settings"), nullptr, false);
  const std::string data = settings.is_object() ? settings.value("data", "?") : "?";
  const bool same = entry("data") == fmt::format("{:016x}", fingerprint(train));
  return {run, fmt::format("{} steps on {}{}", entry("step"), data,
                           same ? fmt::format(", all {} training images that this study draws from", train.n) : "")};
}

}  // namespace

bool StudyPlan::wants(bool (*is)(const Arm&)) const { return std::any_of(arms.begin(), arms.end(), is); }

nlohmann::ordered_json StudyPlan::json() const {
  nlohmann::ordered_json json{{"format", "duel-study-1"}, {"kind", study_names[static_cast<int>(kind)]}};
  for (const Arm& arm : arms)
    json["arms"].push_back({{"name", arm.name},
                            {"what", arm.what},
                            {"aug", arm.aug},
                            {"mixup", arm.mixup},
                            {"cutmix", arm.cutmix},
                            {"sample_pairing", arm.sample_pairing},
                            {"balanced", arm.balanced},
                            {"class_weights", arm.class_weights},
                            {"images", images_names[static_cast<int>(arm.images)]}});
  json["baseline"] = arms.front().name;
  for (const Level& level : levels) json["levels"].push_back({{"name", level.name}, {"counts", level.counts}});
  json["seeds"] = seeds;
  json["measure"] = measure_names[measure];
  json["test"] = "paired t over seeds against the baseline, two-sided, Holm over all comparisons of the study, .05";
  json["training"] = shared(training);
  const auto source = [&](const Generator& g) {
    return g.run.empty() ? fmt::format("trained here, {} steps", generator_steps) : fmt::format("{}: {}", g.run, g.about);
  };
  json["generators"] = {{"vae", source(vae)}, {"cvae", source(cvae)}, {"cgan", source(cgan)}};
  json["computing_with"] = device;
  json["data"] = {{"train", fmt::format("{:016x}", train_fingerprint)},
                  {"test", fmt::format("{:016x}", test_fingerprint)},
                  {"test_images", test_images}};
  return json;
}

std::vector<StudyRun> runs_of(const StudyPlan& plan) {
  std::vector<StudyRun> runs;
  for (size_t level = 0; level < plan.levels.size(); ++level)
    for (size_t seed = 0; seed < plan.seeds.size(); ++seed)
      for (size_t arm = 0; arm < plan.arms.size(); ++arm) runs.push_back({level, seed, arm});
  return runs;
}

StudyPlan plan_study(StudyAsk& ask, const ImageData& data, Device device) {
  want(data.test.n > 0, fmt::format("{}: has no images to test on", data.train.name));
  want(ask.training.steps >= 1, fmt::format("--steps {}: at least 1; every arm gets as many", ask.training.steps));
  want(ask.generator_steps >= 1, fmt::format("--generator-steps {}: at least 1", ask.generator_steps));
  want(ask.head >= 0, fmt::format("--head {}: at least 1, or 0 for the usual", ask.head));
  const bool augments = ask.kind == StudyKind::augmentation;
  check_distinct("seeds", ask.seeds), check_distinct("sizes", ask.sizes), check_distinct("ratios", ask.ratios);
  StudyPlan plan{.kind = ask.kind,
                 .arms = choose_arms(ask.kind, ask.arms.empty() ? usual_arms(ask.kind, !ask.cgan.empty()) : ask.arms, ask.recipes),
                 .levels = augments ? size_levels(ask, data.train) : tail_levels(ask, data.train),
                 .seeds = ask.seeds,
                 .training = ask.training,
                 .generator_steps = ask.generator_steps,
                 .device = fmt::format("{}: {}, {} threads", name_of(device), backend(device).description(), omp_get_max_threads()),
                 .train_fingerprint = fingerprint(data.train),
                 .test_fingerprint = fingerprint(data.test),
                 .test_images = data.test.n};
  plan.training.channels = data.train.c;
  plan.vae = generator_of(ask.vae, plan.wants(wants_vae), data.train),
  plan.cvae = generator_of(ask.cvae, plan.wants(wants_cvae), data.train);
  plan.cgan = generator_of(ask.cgan, plan.wants(wants_cgan), data.train);
  plan.measure = choice<int>("--measure", ask.measure.empty() ? (augments ? "accuracy" : "balanced_accuracy") : ask.measure, measure_names);
  plan.training.check();
  for (size_t i = 0; i < plan.levels.size(); ++i)  // results are kept by their names
    for (size_t k = 0; k < i; ++k)
      want(plan.levels[i].name != plan.levels[k].name, fmt::format("two levels are {}; leave one out", plan.levels[i].name));
  for (const Level& level : plan.levels) check_level(plan, level, data.train);
  return plan;
}

std::string differences(const nlohmann::ordered_json& before, const nlohmann::ordered_json& now) {
  const auto then = before.flatten(), here = now.flatten();
  constexpr size_t most = 3;
  std::set<std::string> keys;
  for (const auto& [key, value] : then.items()) keys.insert(key);
  for (const auto& [key, value] : here.items()) keys.insert(key);
  std::vector<std::string> found;
  for (const std::string& key : keys) {
    const std::string was = then.contains(key) ? then[key].dump() : "not there", is = here.contains(key) ? here[key].dump() : "not there";
    if (was != is && !key.ends_with("/what")) found.push_back(fmt::format("{} was {} and is now {}", key.substr(1), was, is));
  }
  if (found.size() > most) found.resize(most), found.push_back("and more");
  return fmt::format("{}", fmt::join(found, "; "));
}

}  // namespace duel
