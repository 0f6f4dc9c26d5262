#include "apps/support/gan_settings.h"

#include <fmt/format.h>

#include "kernels/problem.h"

namespace duel {

void GanSettings::check() const {
  check_common();
  want(net == "dcgan", fmt::format("--net {}: there is dcgan", net));
  want(batch >= 2, fmt::format("--batch {}: batch norm needs at least 2 images", batch));
  want(beta1 >= 0 && beta1 < 1, fmt::format("--beta1 {}: from 0 to below 1", beta1));
  want(sample_every >= 1, fmt::format("--sample-every {}: at least 1", sample_every));
  want(log_every >= 1, fmt::format("--log-every {}: at least 1", log_every));
  DcganConfig config = network();
  if (channels == 0) config.channels = 1;  // not known before the data is loaded
  check_config(config);
}

DcganConfig GanSettings::network() const {
  return {.size = size, .channels = channels, .nz = nz, .ngf = ngf, .ndf = ndf, .precision = parse_dtype(precision)};
}

}  // namespace duel
