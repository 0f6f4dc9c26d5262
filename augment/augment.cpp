#include "augment/augment.h"

#include <limits>

#include "augment/flip/flip.h"
#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

void check_images(const char* op, const Tensor& x) {
  check(static_cast<bool>(x), op, "the images are undefined");
  check(x.shape().rank() == 4, op, fmt::format("wants images [n,h,w,c], not {}; reshape() them", x.text()));
  for (int64_t size : x.shape().dims())
    check(size <= std::numeric_limits<int>::max(), op, fmt::format("an axis of {} is longer than 2³¹ − 1; cut it", x.text()));
}

}  // namespace

Tensor horizontal_flip(const Tensor& x, const Tensor& coin) {
  check_images("horizontal_flip", x);
  const Shape& s = x.shape();
  check(coin && coin.dtype() == DType::i32 && coin.shape() == Shape{s[0]}, "horizontal_flip",
        fmt::format("wants one coin a sample, i32[{}] for {}, not {}", s[0], x.text(), coin ? coin.text() : "an undefined tensor"));
  check(coin.device() == x.device(), "horizontal_flip",
        fmt::format("inputs on different devices: {} and {}; move one with to()", x.text(), coin.text()));
  Tensor y(s, x.dtype(), x.device());
  const auto size = [&](int axis) { return static_cast<int>(s[axis]); };
  dispatch<HorizontalFlip>({.n = size(0), .h = size(1), .w = size(2), .c = size(3), .dtype = x.dtype()}, {x.data(), coin.data(), y.data()},
                           x.device());
  if (!is_floating(x.dtype())) return y;  // integers have no derivative
  return record("horizontal_flip", y, {x, coin}, [coin](const Tensor&, const Tensor& g, Needs) {
    return Tensors{horizontal_flip(g, coin), Tensor()};
  });
}

Tensor random_flip(const Tensor& x, double p, const Rng& rng, const Tensor& step, int64_t first) {
  check_images("random_flip", x);
  check(p >= 0 && p <= 1, "random_flip", fmt::format("p = {} is no probability; give one in [0, 1]", p));
  check(step && step.device() == x.device(), "random_flip",
        fmt::format("wants a step counter on the device of {}; make one with step_counter()", x.text()));
  return horizontal_flip(x, cast(rng.bernoulli({x.shape()[0]}, step, p, DType::f32, first), DType::i32));
}

}  // namespace duel
