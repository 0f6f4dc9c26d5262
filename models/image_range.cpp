#include "models/image_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace duel {

void check_image_range(const Tensor& images, const std::string& model, const std::string& why) {
  const std::vector<double> v = images.values();
  const auto [low, high] = std::minmax_element(v.begin(), v.end());
  constexpr double slack = 1e-3;
  if (!(*low >= -1 - slack && *high <= 1 + slack))
    fail(Failure::usage,
         fmt::format("[{}] the images lie in [{:.4g}, {:.4g}], but {}; scale them, such as x / 127.5 - 1", model, *low, *high, why));
  if (*low >= 0 && *high > *low && *high < 0.5)
    fail(
        Failure::usage,
        fmt::format("[{}] the images lie in [{:.4g}, {:.4g}], all of them light grey, as if each were divided by its length, but {}; scale "
                    "them, such as x / 127.5 - 1",
                    model, *low, *high, why));
}

}  // namespace duel
