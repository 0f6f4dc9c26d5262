// augment_images, rung 1: one launch a batch (one more where a step looks at the whole image first, two where one blurs it). A block takes
// a tile of one sample: its threads draw the sample's slots, one composes them, all fetch what the tile is read from (source_window.h) and
// apply them to a pixel each. Every block of a sample draws the same numbers again, which is cheaper than a launch. A flip or a crop asks
// for 1.00 times the fewest sectors. Bounded by the arithmetic of a pixel's place; the weights of its taps,
// whose number is known at run time, lie in local memory, where a rung for bilinear alone would not need it.
#include "augment/pipeline/device_steps.h"

namespace duel {
namespace {

bool supports(const AugmentProblem& p) { return augment_types(p); }

void run(const AugmentProblem& p, const AugmentImages::Args& a, Scratch scratch, Stream stream) {
  const DrawnSlots slots{static_cast<const int32_t*>(a.epoch), static_cast<const int32_t*>(a.ids), static_cast<const float*>(a.strength),
                         static_cast<float*>(a.record)};
  launch_pipeline(p, slots, a.x, a.y, scratch, stream);
}

KERNEL_VARIANT(AugmentImages, one_launch, 1, supports, augment_scratch, run);

}  // namespace
}  // namespace duel
