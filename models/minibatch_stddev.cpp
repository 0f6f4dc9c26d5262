#include "models/minibatch_stddev.h"

namespace duel {

Tensor with_minibatch_stddev(const Tensor& x) {
  const int64_t n = x.shape()[0];
  const Tensor rows = cast(reshape(x, {n, x.count() / n}), accumulator_of(x.dtype()));
  const Tensor variance = mean_per_channel(square(rows - mean_per_channel(rows)));
  const Tensor number = mean(sqrt(variance + 1e-8));
  std::vector<int64_t> plane = x.shape().dims();
  plane.back() = 1;
  return concat_channels(x, broadcast_to(cast(number, x.dtype()), Shape(plane)));
}

}  // namespace duel
