// What a decoder makes of draws from the prior, for `generate` and for what judges it.
#pragma once
#include "apps/support/generate/generated.h"
#include "apps/support/vae/state.h"

namespace duel {

// n images. A conditional VAE makes as many of each class, class by class, or all of class `label` where that is not negative. A plain
// autoencoder throws Error(usage): it has no prior.
Generated generated(const TrainedVae& vae, int64_t n, int64_t seed, int label = -1);

}  // namespace duel
