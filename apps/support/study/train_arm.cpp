#include "apps/support/study/train_arm.h"

#include <algorithm>
#include <chrono>

#include "apps/support/classify/batches.h"
#include "apps/support/classify/train_classifier.h"
#include "apps/support/generators/class_samples.h"
#include "apps/support/images/tiles.h"
#include "engine/data/sampling.h"

namespace duel {
namespace {

constexpr int columns = 8, most_shown = 32;

// Whole copies, for a training whose batch is larger than what is left.
std::vector<int32_t> repeated_to(std::vector<int32_t> indices, int batch) {
  const std::vector<int32_t> once = indices;
  while (static_cast<int>(indices.size()) < batch) indices.insert(indices.end(), once.begin(), once.end());
  return indices;
}

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Dataset images_of(const StudyPlan& plan, const StudyRun& run, const Dataset& train) {
  return subset(train, take_counts(train.labels, plan.levels[run.level].counts, static_cast<uint64_t>(plan.seeds[run.seed])));
}

Prepared prepare(const Arm& arm, const Dataset& real, int batch, int64_t seed, Synthesiser& synthesiser) {
  const int classes = static_cast<int>(real.classes.size());
  if (arm.images == Images::as_they_are) return {real, {}};
  if (arm.images == Images::repeated) return {subset(real, oversample(real.labels, classes, static_cast<uint64_t>(seed))), {}};
  if (arm.images == Images::reduced)
    return {subset(real, repeated_to(undersample(real.labels, classes, static_cast<uint64_t>(seed)), batch)), {}};
  Synthesis made = synthesiser.make(arm.images);
  return {joined(real, made.images), std::move(made)};
}

StudyResult train_arm(const StudyPlan& plan, const StudyRun& run, const Prepared& prepared, const Dataset& test, Device device) {
  const Arm& arm = plan.arms[run.arm];
  const int64_t seed = plan.seeds[run.seed];
  const auto start = std::chrono::steady_clock::now();
  const ClassifyState state = train_classifier(arm.settings(plan.training, seed), prepared.train, device,
                                               fmt::format("{}, {}, seed {}", plan.levels[run.level].name, arm.name, seed));
  StudyResult result{.level = plan.levels[run.level].name,
                     .arm = arm.name,
                     .seed = seed,
                     .images = prepared.train.n,
                     .synthetic = prepared.made.images.n,
                     .steps = state.step,
                     .loss = state.loss_sum.item() / static_cast<double>(std::max<int64_t>(1, state.step)),
                     .prepare_seconds = prepared.made.seconds,
                     .note = prepared.made.note};
  result.train_seconds = since(start);
  result.scores = evaluate(state.net, test);
  return result;
}

StudyResult failed_arm(const StudyPlan& plan, const StudyRun& run, const std::string& why) {
  return {.level = plan.levels[run.level].name, .arm = plan.arms[run.arm].name, .seed = plan.seeds[run.seed], .failed = why};
}

Image synthetic_picture(const Dataset& made) {
  const Image gap{made.h, made.w, made.c, std::vector<uint8_t>(made.sample_bytes(), 0)};
  std::vector<Image> tiles;
  for (size_t c = 0; c < made.classes.size(); ++c) {
    std::vector<Image> row;
    for (int i = 0; i < made.n && static_cast<int>(row.size()) < columns; ++i)
      if (made.labels[static_cast<size_t>(i)] == static_cast<int32_t>(c)) row.push_back(image_of(made, i));
    if (row.empty()) continue;  // the class lacked nothing
    row.resize(columns, gap);
    tiles.insert(tiles.end(), row.begin(), row.end());
  }
  return tiles.empty() ? Image() : make_grid(tiles, columns);
}

Image batch_picture(const StudyPlan& plan, const StudyRun& run, const Dataset& train, Device device) {
  const ClassifySettings settings = plan.arms[run.arm].settings(plan.training, plan.seeds[run.seed]);
  Shuffler order(train.n, settings.batch, static_cast<uint64_t>(settings.seed));
  const int64_t middle = settings.steps / 2;
  order.seek(middle / order.batches_per_epoch(), middle % order.batches_per_epoch() * settings.batch);
  ClassifyBatches batches(settings, train, device, order, settings.steps);
  batches.next(middle);
  std::vector<float> values(static_cast<size_t>(batches.x.count()));
  batches.x.copy_out(values.data());
  std::vector<Image> tiles = to_images(values, train.h, train.w, train.c);
  if (tiles.size() > most_shown) tiles.resize(most_shown);
  return make_grid(tiles, columns);
}

void check_oversampling(const StudyPlan& plan, const Dataset& train, Synthesiser& synthesiser) {
  for (const Arm& arm : plan.arms) {
    if (arm.images != Images::borderline && arm.images != Images::adasyn) continue;
    for (size_t level = 0; level < plan.levels.size(); ++level)
      for (size_t seed = 0; seed < plan.seeds.size(); ++seed) {
        const Dataset real = images_of(plan, {level, seed, 0}, train);
        synthesiser.start(real, plan.seeds[seed]);
        try {
          synthesiser.make(arm.images);
        } catch (const Error& e) {
          fail(e.kind, fmt::format("the arm {} at {}, seed {}: {}", arm.name, plan.levels[level].name, plan.seeds[seed], e.what()));
        }
      }
  }
}

}  // namespace duel
