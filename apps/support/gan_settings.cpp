#include "apps/support/gan_settings.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "kernels/problem.h"

namespace duel {

void GanSettings::check() const {
  auto want = [](bool right, const std::string& message) {
    if (!right) fail(Failure::usage, message);
  };
  want(net == "dcgan", fmt::format("--net {}: there is dcgan", net));
  want(precision == "f32" || precision == "bf16", fmt::format("--precision {}: f32 or bf16", precision));
  want(batch >= 2, fmt::format("--batch {}: batch norm needs at least 2 images", batch));
  constexpr int64_t most_steps = std::numeric_limits<int32_t>::max();  // devices count them in 32 bits
  want(steps >= 0 && steps <= most_steps, fmt::format("--steps {}: 0 to {}", steps, most_steps));
  want(epochs > 0 && epochs <= 1e6, fmt::format("--epochs {}: above 0, and up to a million", epochs));
  want(minutes >= 0 && minutes <= 1e6, fmt::format("--minutes {}: 0 to a million", minutes));
  want(lr > 0 && std::isfinite(lr), fmt::format("--lr {}: above 0", lr));
  want(beta1 >= 0 && beta1 < 1, fmt::format("--beta1 {}: from 0 to below 1", beta1));
  for (const auto& [flag, every] : {std::pair{"sample", sample_every}, {"log", log_every}, {"checkpoint", checkpoint_every}})
    want(every >= 1, fmt::format("--{}-every {}: at least 1", flag, every));
  DcganConfig config = network();
  if (channels == 0) config.channels = 1;  // not known before the data is loaded
  check_config(config);
}

DcganConfig GanSettings::network() const {
  return {.size = size, .channels = channels, .nz = nz, .ngf = ngf, .ndf = ndf, .precision = parse_dtype(precision)};
}

}  // namespace duel
