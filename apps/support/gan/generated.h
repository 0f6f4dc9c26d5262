// What G makes, for `generate` and for what judges it.
#pragma once
#include "apps/support/gan/state.h"
#include "apps/support/generate/generated.h"

namespace duel {

// n images of G. A conditional one makes as many of each class, class by class, or all of class `label` where that is not negative.
Generated generated(const TrainedGan& gan, int64_t n, int64_t seed, int label = -1);

}  // namespace duel
