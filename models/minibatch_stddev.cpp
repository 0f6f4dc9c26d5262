#include "models/minibatch_stddev.h"

namespace duel {

Tensor with_minibatch_stddev(const Tensor& x, int groups) {
  const int64_t n = x.shape()[0], batch = n / groups;
  const Tensor rows = cast(reshape(x, {groups, batch, x.count() / n}), accumulator_of(x.dtype()));  // a batch is an image of samples
  const Tensor variance = mean_per_image(square(rows - mean_per_image(rows)));
  const Tensor number = mean_per_sample(sqrt(variance + 1e-8));  // [groups,1,1]
  std::vector<int64_t> plane = x.shape().dims();
  plane.back() = 1;
  const Tensor planes = broadcast_to(cast(number, x.dtype()), {groups, batch, Shape(plane).count() / n});
  return concat_channels(x, reshape(planes, Shape(plane)));
}

}  // namespace duel
