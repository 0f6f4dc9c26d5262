#include "kernels/reduce/reduce.h"

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/broadcast.h"

namespace duel {
namespace {

Tensor reduce(const char* op, const Tensor& x, Keep keep, const Shape& shape) {
  check_floating(op, x);
  const Broadcast from = over(x.shape());
  Tensor y(shape, accumulator_of(x.dtype()), x.device());
  dispatch<Reduce>({.n = from.n, .inner = from.inner, .c = from.c, .keep = keep, .dtype = x.dtype()}, {x.data(), y.data()}, x.device());
  return record(op, y, {x}, [shape = x.shape(), dtype = x.dtype()](const Tensor&, const Tensor& g, Needs) {
    return Tensors{broadcast_to(cast(g, dtype), shape)};
  });
}

Shape sample_shape(const Tensor& x) {
  std::vector<int64_t> dims(static_cast<size_t>(x.shape().rank()), 1);
  check(!dims.empty(), "sum_per_sample", "wants at least one axis");
  dims[0] = x.shape()[0];
  return Shape(dims);
}
Shape image_shape(const Tensor& x) {
  if (!(x && x.shape().rank() >= 3))
    check(false, "sum_per_image", "wants [n, …, c], not {}; at least one axis to sum over", x ? x.text() : "nothing");
  std::vector<int64_t> dims(static_cast<size_t>(x.shape().rank()), 1);
  dims.front() = x.shape()[0], dims.back() = x.shape()[-1];
  return Shape(dims);
}

}  // namespace

Tensor sum(const Tensor& x) { return reduce("sum", x, Keep::scalar, {}); }
Tensor mean(const Tensor& x) { return affine(sum(x), 1.0 / static_cast<double>(x.count()), 0); }

Tensor sum_per_sample(const Tensor& x) {
  if (x && x.shape().rank() == 1) return cast(x, accumulator_of(x.dtype()));  // each sample is one element already
  return reduce("sum_per_sample", x, Keep::sample, sample_shape(x));
}
Tensor mean_per_sample(const Tensor& x) {
  return affine(sum_per_sample(x), static_cast<double>(x.shape()[0]) / static_cast<double>(x.count()), 0);
}

Tensor sum_per_channel(const Tensor& x) {
  check(x && x.shape().rank() >= 1, "sum_per_channel", "wants at least one axis");
  return reduce("sum_per_channel", x, Keep::channel, {x.shape()[-1]});
}
Tensor mean_per_channel(const Tensor& x) {
  return affine(sum_per_channel(x), static_cast<double>(x.shape()[-1]) / static_cast<double>(x.count()), 0);
}

Tensor sum_per_image(const Tensor& x) { return reduce("sum_per_image", x, Keep::image, image_shape(x)); }
Tensor mean_per_image(const Tensor& x) {
  const Tensor total = sum_per_image(x);
  return affine(total, static_cast<double>(total.count()) / static_cast<double>(x.count()), 0);
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  Spread how;
  check(spreads(shape, x.shape(), how), "sum_to", "{} does not broadcast to {}", shape, x.shape());
  if (how == Spread::scalar) return reshape(sum(x), shape);
  return how == Spread::channel ? sum_per_channel(x) : how == Spread::sample ? sum_per_sample(x) : sum_per_image(x);
}

}  // namespace duel
