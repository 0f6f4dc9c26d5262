// What a study compares: ways to train one classifier on one set of images, each with a name.
#pragma once
#include <string>
#include <vector>

#include "apps/support/classify/settings.h"

namespace duel {

// What becomes of the images before training.
enum class Images {
  as_they_are,
  repeated,  // each class as often as the largest
  reduced,   // each class to as many as the smallest
  smote,     // SMOTE, Borderline-SMOTE, ADASYN on pixels (augment/smote.h): each class up to as many as the largest
  borderline,
  adasyn,
  vae_smote,     // SMOTE on the means of a VAE's q(z|x), decoded
  cvae,          // samples of a conditional VAE
  cgan,          // of a conditional GAN
  cgan_filtered  // of those, the ones that a classifier puts into the class they were made for
};

constexpr const char* images_names[] = {"as they are", "repeated",  "reduced", "smote", "borderline",
                                        "adasyn",      "vae-smote", "cvae",    "cgan",  "cgan-filtered"};

struct Arm {
  std::string name, what;  // what: for people
  std::string aug{};
  double mixup = 0, cutmix = 0;
  bool sample_pairing = false, balanced = false, class_weights = false;
  Images images = Images::as_they_are;

  ClassifySettings settings(ClassifySettings training, int64_t seed) const;  // the training with what this arm changes
  bool smotes() const {
    return images == Images::smote || images == Images::borderline || images == Images::adasyn || images == Images::vae_smote;
  }
  bool synthesises() const { return images >= Images::smote; }
};

enum class StudyKind { augmentation, imbalance };
constexpr const char* study_names[] = {"augmentation", "imbalance"};

// All there are, the baseline `none` first, and those that a study takes unless it is told otherwise.
const std::vector<Arm>& arms_of(StudyKind kind);
std::vector<std::string> usual_arms(StudyKind kind, bool cgan);

// The arms of these names, and one for each of `recipes`, NAME=RECIPE. `none` is put first where it is missing. Throws Error(usage).
std::vector<Arm> choose_arms(StudyKind kind, const std::vector<std::string>& names, const std::vector<std::string>& recipes);

}  // namespace duel
