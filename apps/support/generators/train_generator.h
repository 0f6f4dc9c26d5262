// Generators trained on the spot, for studies that need one of their own: no run folder, no checkpoint.
#pragma once
#include <string>

#include "apps/support/gan/state.h"
#include "apps/support/vae/state.h"

namespace duel {

// `settings.steps` steps on `train` as `vae train` and `cgan train` make them; settings.channels is taken from `train`. The same bits for
// the same seed. They stop early where stop_requested(). Throw Error(usage) on settings that do not fit the images, Error(data) where a
// batch is larger than the data, Error(numeric) where the loss is not finite.
TrainedVae train_vae(VaeSettings settings, const Dataset& train, Device device, const std::string& title);
TrainedGan train_gan(GanSettings settings, const Dataset& train, Device device, const std::string& title);

}  // namespace duel
