#include "apps/support/generators/any.h"

#include "apps/support/gan/generated.h"
#include "apps/support/vae/generated.h"

namespace duel {

Generated generated_by(const std::string& file, int64_t n, int64_t seed, Device device) {
  return format_of(file) == gan_format ? generated(TrainedGan(file, device), n, seed) : generated(TrainedVae(file, device), n, seed);
}

}  // namespace duel
