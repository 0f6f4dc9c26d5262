// One training of a study, and pictures of what it is trained on.
#pragma once
#include "apps/support/study/folder.h"
#include "apps/support/study/plan.h"
#include "apps/support/study/synthesis.h"

namespace duel {

// The training images of a level and a seed: the same for every arm.
Dataset images_of(const StudyPlan& plan, const StudyRun& run, const Dataset& train);

// What an arm trains on: `real` as it is, repeated, reduced or filled up.
struct Prepared {
  Dataset train;   // the synthetic images last
  Synthesis made;  // made.images.n is 0 where nothing was synthesised
};
Prepared prepare(const Arm& arm, const Dataset& real, int batch, int64_t seed, Synthesiser& synthesiser);

// Trains, and judges once. The scores are of no use where stop_requested(). Throws Error(numeric) where the loss or an answer is no number.
StudyResult train_arm(const StudyPlan& plan, const StudyRun& run, const Prepared& prepared, const Dataset& test, Device device);
// The result of an arm that did not come so far.
StudyResult failed_arm(const StudyPlan& plan, const StudyRun& run, const std::string& why);

// Up to eight of the synthetic images of each class, a row a class.
Image synthetic_picture(const Dataset& made);
// A batch from the middle of the training, as the classifier sees it: at most 32 images.
Image batch_picture(const StudyPlan& plan, const StudyRun& run, const Dataset& train, Device device);

// Whether every Borderline-SMOTE and ADASYN of the plan can be made, which depends on the very images. Throws Error(usage) where not.
void check_oversampling(const StudyPlan& plan, const Dataset& train, Synthesiser& synthesiser);

}  // namespace duel
