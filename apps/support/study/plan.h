// What a study will do, settled and written down (plan.json) before it starts.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/support/images/data.h"
#include "apps/support/study/arms.h"

namespace duel {

// So many training images of each class, drawn by each seed; smaller numbers are parts of larger ones.
struct Level {
  std::string name;  // "1,000 images", "ratio 100"
  std::vector<int64_t> counts;
};

// The measures of scores.h that a study can be decided by.
constexpr const char* measure_names[] = {"accuracy", "balanced_accuracy", "g_mean", "macro_f1"};
constexpr const char* measure_words[] = {"accuracy", "balanced accuracy", "G-mean", "macro F1"};

struct StudyPlan {
  StudyKind kind = StudyKind::augmentation;
  std::vector<Arm> arms;  // the first is the baseline
  std::vector<Level> levels;
  std::vector<int64_t> seeds;
  int measure = 0;            // of measure_names: the primary one
  ClassifySettings training;  // of every arm; each sets its own seed and what makes it that arm
  // Run folders or checkpoints, with a word on what they were trained on; empty: trained by the study on its own images.
  struct Generator {
    std::string run{}, about{};
  };
  Generator vae, cvae, cgan;
  int64_t generator_steps = 0;  // of those that the study trains
  std::string device;           // what computes, with its threads
  uint64_t train_fingerprint = 0, test_fingerprint = 0;
  int64_t test_images = 0;

  nlohmann::ordered_json json() const;
  bool wants(bool (*is)(const Arm&)) const;  // whether an arm is so
};
inline bool wants_vae(const Arm& arm) { return arm.images == Images::vae_smote; }
inline bool wants_cvae(const Arm& arm) { return arm.images == Images::cvae; }
inline bool wants_cgan(const Arm& arm) { return arm.images == Images::cgan || arm.images == Images::cgan_filtered; }

// One training: an arm at a level with a seed, as numbers of the plan's lists.
struct StudyRun {
  size_t level = 0, seed = 0, arm = 0;
};
std::vector<StudyRun> runs_of(const StudyPlan& plan);  // level by level, seed by seed: what a seed needs is made once

// What a command line asks of a study.
struct StudyAsk {
  StudyKind kind = StudyKind::augmentation;
  std::string out, measure;
  std::vector<std::string> arms, recipes;
  std::vector<int64_t> seeds{1, 2, 3, 4, 5}, sizes{1000}, counts;
  std::vector<double> ratios{10, 100};
  int64_t head = 0, generator_steps = 1000;
  std::string vae, cvae, cgan;
  ClassifySettings training;
};

// The plan, all of it checked. Sets training.channels. Throws Error(usage), naming the flag.
StudyPlan plan_study(StudyAsk& ask, const ImageData& data, Device device);

// How the plan `now` differs from `before`, as a sentence part naming the first few; empty where it does not. How an arm is described is no
// part of what it is.
std::string differences(const nlohmann::ordered_json& before, const nlohmann::ordered_json& now);

}  // namespace duel
