#include "apps/support/gan2d/settings.h"

namespace duel {

void Gan2dSettings::check() const {
  const auto from_to = [](const char* flag, auto value, auto least, auto most) {
    want(value >= least && value <= most, fmt::format("--{} {}: {} to {}", flag, value, least, most));
  };
  from_to("modes", modes, 1, 100);
  want(sigma > 0 && sigma <= 10, fmt::format("--sigma {}: above 0, and up to 10", sigma));
  from_to("batch", batch, 2, 65536), from_to("nz", nz, 1, 1024);
  from_to("width", width, 1, 4096), from_to("depth", depth, 1, 16);
  from_to("steps", steps, int64_t{1}, int64_t{10'000'000});
  from_to("frames", frames, 2, 200);
  want(log_every >= 1, fmt::format("--log-every {}: at least 1", log_every));
  want(lr > 0 && std::isfinite(lr), fmt::format("--lr {}: above 0", lr));
  want(d_norm != "batch", "--d-norm batch: the nets for points have none in D; take layer, spectral or none");
  check_adversarial();
  initial(Init::he);
  check_config(network());
  check_objective(objective(), network());
}

GanConfig Gan2dSettings::network() const {
  return {
      .net = GanNet::points, .h = 1, .w = 1, .channels = 2, .nz = nz, .ngf = width, .ndf = width, .depth = depth, .d_norm = norm_of_d()};
}

}  // namespace duel
