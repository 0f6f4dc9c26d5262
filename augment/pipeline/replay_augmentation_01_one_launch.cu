// replay_augmentation, rung 1: as augment_images, with the slots read instead of drawn.
#include "augment/pipeline/device_steps.h"

namespace duel {
namespace {

bool supports(const AugmentProblem& p) { return augment_types(p); }

void run(const AugmentProblem& p, const ReplayAugmentation::Args& a, Scratch scratch, Stream stream) {
  const ReplayedSlots slots{static_cast<const float*>(a.record)};
  launch_pipeline(p, slots, a.x, a.y, scratch, stream);
}

KERNEL_VARIANT(ReplayAugmentation, one_launch, 1, supports, augment_scratch, run);

}  // namespace
}  // namespace duel
