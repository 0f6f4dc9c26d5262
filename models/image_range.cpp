#include "models/image_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace duel {
namespace {

// Of n images, where an image without light has no length.
bool all_of_length_one(const std::vector<double>& v, int64_t n) {
  const size_t each = v.size() / static_cast<size_t>(n);
  bool one = false;
  for (size_t i = 0; i < v.size(); i += each) {
    const double* image = &v[i];
    const double squares = std::inner_product(image, image + each, image, 0.0);
    if (squares != 0 && std::abs(squares - 1) > 1e-3) return false;
    one = one || squares != 0;
  }
  return one;
}

}  // namespace

void check_image_range(const Tensor& images, const std::string& model, const std::string& why) {
  const std::vector<double> v = images.values();
  const auto [low, high] = std::minmax_element(v.begin(), v.end());
  constexpr double slack = 1e-3;
  if (!(*low >= -1 - slack && *high <= 1 + slack))
    fail(Failure::usage,
         fmt::format("[{}] the images lie in [{:.4g}, {:.4g}], but {}; scale them, such as x / 127.5 - 1", model, *low, *high, why));
  if (*low >= 0 && all_of_length_one(v, images.shape()[0]))
    fail(Failure::usage,
         fmt::format("[{}] the images lie in [{:.4g}, {:.4g}], each divided by its length, but {}; scale them, such as x / 127.5 - 1",
                     model, *low, *high, why));
}

}  // namespace duel
