#include "apps/support/study/arms.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace duel {
namespace {

constexpr const char* classic = "hflip; rotate -10..10; translate whole=1";

const std::vector<Arm> augmentations{
    {.name = "none", .what = "the images as they are"},
    {.name = "hflip", .what = "mirrored half the time", .aug = "hflip"},
    {.name = "translate", .what = "moved by up to a tenth of each side, in whole pixels", .aug = "translate whole=1"},
    {.name = "crop", .what = "a box of 60 to 100 % of the area fills the frame", .aug = "crop scale=.6..1"},
    {.name = "rotate", .what = "turned by up to 15 degrees", .aug = "rotate -15..15"},
    {.name = "color", .what = "brightness, contrast, saturation and hue", .aug = "color b=.2 c=.2 s=.2 h=.05"},
    {.name = "noise", .what = "Gaussian noise of deviation .05", .aug = "gaussian-noise by=.05"},
    {.name = "erase", .what = "random erasing: a box of 2 to 33 % of the area, half the time", .aug = "erase"},
    {.name = "cutout", .what = "a box of half of each side, which may overhang", .aug = "cutout"},
    {.name = "classic", .what = "mirrored, turned by up to 10 degrees and moved by up to a tenth", .aug = classic},
    {.name = "randaugment", .what = "RandAugment: two of fourteen steps at magnitude 9", .aug = "randaugment"},
    {.name = "trivialaugment", .what = "TrivialAugment: one of fourteen steps at any magnitude", .aug = "trivialaugment"},
    {.name = "mixup", .what = "mixup, Beta(.2, .2), one share a batch", .mixup = 0.2},
    {.name = "cutmix", .what = "CutMix, Beta(1, 1), one box a batch", .cutmix = 1},
    {.name = "sample-pairing",
     .what = "SamplePairing: averaged in 8 of 10 epochs from a tenth to eight tenths of the run",
     .sample_pairing = true},
};

const std::vector<Arm> remedies{
    {.name = "none", .what = "the images as they are"},
    {.name = "class-weights", .what = "the loss of a class weighs 1 over its images", .class_weights = true},
    {.name = "over", .what = "over-sampling: each class repeated until it has as many as the largest", .images = Images::repeated},
    {.name = "under", .what = "under-sampling: of each class as many as the smallest has", .images = Images::reduced},
    {.name = "classic",
     .what = "a balanced sampler; mirrored, turned by up to 10 degrees and moved by up to a tenth",
     .aug = classic,
     .balanced = true},
    {.name = "mixup", .what = "a balanced sampler and mixup, Beta(.2, .2)", .mixup = 0.2, .balanced = true},
    {.name = "smote", .what = "SMOTE on pixels, each class up to as many as the largest", .images = Images::smote},
    {.name = "borderline", .what = "Borderline-SMOTE on pixels", .images = Images::borderline},
    {.name = "adasyn", .what = "ADASYN on pixels", .images = Images::adasyn},
    {.name = "vae-smote", .what = "SMOTE between the codes of a VAE, decoded", .images = Images::vae_smote},
    {.name = "cvae", .what = "each class filled up with samples of a conditional VAE", .images = Images::cvae},
    {.name = "cgan", .what = "each class filled up with samples of a conditional GAN", .images = Images::cgan},
    {.name = "cgan-classic",
     .what = "the same as cgan, mirrored, turned by up to 10 degrees and moved by up to a tenth",
     .aug = classic,
     .images = Images::cgan},
    {.name = "cgan-filtered",
     .what = "as cgan, with those samples only that a classifier puts into their class (trained on the study's images, balanced)",
     .images = Images::cgan_filtered},
};

std::vector<std::string> names_of(const std::vector<Arm>& arms) {
  std::vector<std::string> names;
  for (const Arm& arm : arms) names.push_back(arm.name);
  return names;
}

void add_once(std::vector<Arm>& arms, const Arm& arm) {
  want(std::none_of(arms.begin(), arms.end(), [&](const Arm& a) { return a.name == arm.name; }),
       fmt::format("the arm {} is named twice; a study has each once", arm.name));
  arms.push_back(arm);
}

}  // namespace

ClassifySettings Arm::settings(ClassifySettings training, int64_t seed) const {
  training.seed = seed;
  training.aug = aug, training.mixup = mixup, training.cutmix = cutmix, training.sample_pairing = sample_pairing;
  training.sampler = balanced ? "balanced" : "shuffled", training.class_weights = class_weights;
  return training;
}

const std::vector<Arm>& arms_of(StudyKind kind) { return kind == StudyKind::augmentation ? augmentations : remedies; }

std::vector<std::string> usual_arms(StudyKind kind, bool cgan) {
  if (kind == StudyKind::augmentation) return names_of(augmentations);
  std::vector<std::string> names{"none", "class-weights", "over", "under", "classic", "mixup", "smote", "vae-smote", "cvae"};
  if (cgan) names.insert(names.end(), {"cgan", "cgan-classic", "cgan-filtered"});
  return names;
}

std::vector<Arm> choose_arms(StudyKind kind, const std::vector<std::string>& names, const std::vector<std::string>& recipes) {
  const std::vector<Arm>& all = arms_of(kind);
  std::vector<Arm> chosen{all.front()};
  for (const std::string& name : names) {
    if (name == all.front().name) continue;
    const auto found = std::find_if(all.begin(), all.end(), [&](const Arm& a) { return a.name == name; });
    want(found != all.end(), fmt::format("--arms {}: there are {}", name, fmt::join(names_of(all), ", ")));
    add_once(chosen, *found);
  }
  for (const std::string& text : recipes) {
    const size_t equals = text.find('=');
    want(equals != std::string::npos && equals > 0, fmt::format("--recipe {}: give NAME=RECIPE, as in mine=\"hflip; crop\"", text));
    Arm arm{.name = text.substr(0, equals), .what = text.substr(equals + 1), .aug = text.substr(equals + 1)};
    arm.settings({}, 1).recipe();
    add_once(chosen, arm);
  }
  want(chosen.size() >= 2, "a study compares two arms at least: none, and one more by --arms");
  return chosen;
}

}  // namespace duel
