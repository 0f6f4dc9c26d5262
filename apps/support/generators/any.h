// A generator of whichever kind, by its checkpoint.
#pragma once
#include <string>

#include "apps/support/generate/generated.h"

namespace duel {

// n images of the generator in `file`, a checkpoint of gan, cgan or vae.
Generated generated_by(const std::string& file, int64_t n, int64_t seed, Device device);

}  // namespace duel
