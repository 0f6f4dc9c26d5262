#include "augment/augment.h"

#include <limits>

#include "augment/check.h"
#include "augment/color/color_matrix.h"
#include "augment/erase/erase.h"
#include "augment/flip/flip.h"
#include "augment/warp/warp.h"
#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

// The parameters of each sample, where the images are.
void check_parameters(const char* op, const Tensor& x, const Tensor& given, const char* what, int64_t values, DType dtype) {
  const Shape wanted{x.shape()[0], values};
  check(given && given.dtype() == dtype && given.shape() == wanted && given.device() == x.device(), op, "wants {} {}{} beside {}, not {}",
        what, name_of(dtype), wanted, x, given);
}

int side(const Tensor& x, int axis) { return static_cast<int>(x.shape()[axis]); }

WarpProblem problem_of(const Tensor& x, const WarpOptions& o) {
  return {.n = side(x, 0),
          .h = side(x, 1),
          .w = side(x, 2),
          .c = side(x, 3),
          .p = static_cast<int>(o.h ? o.h : x.shape()[1]),
          .q = static_cast<int>(o.w ? o.w : x.shape()[2]),
          .interpolation = o.interpolation,
          .border = o.border,
          .antialias = o.antialias,
          .fill = static_cast<float>(o.fill),
          .dtype = x.dtype()};
}

Tensor warp_by(const Tensor& x, const Tensor& maps, WarpProblem p);

Tensor warp_adjoint_by(const Tensor& gy, const Tensor& maps, const WarpProblem& p) {
  Tensor gx({p.n, p.h, p.w, p.c}, gy.dtype(), gy.device());
  dispatch<WarpImagesAdjoint>(p, {gy.data(), maps.data(), gx.data()}, gy.device());
  return record("warp_images_adjoint", gx, {gy}, [maps, p](const Tensor&, const Tensor& g, Needs) { return Tensors{warp_by(g, maps, p)}; });
}

Tensor warp_by(const Tensor& x, const Tensor& maps, WarpProblem p) {
  Tensor y({p.n, p.p, p.q, p.c}, x.dtype(), x.device());
  dispatch<WarpImages>(p, {x.data(), maps.data(), y.data()}, x.device());
  p.fill = 0;  // of the derivative: what was read outside does not depend on x
  return record("warp_images", y, {x}, [maps, p](const Tensor&, const Tensor& g, Needs) { return Tensors{warp_adjoint_by(g, maps, p)}; });
}

Tensor map_color_by(const Tensor& x, const Tensor& color, ColorMatrixProblem p) {
  Tensor y(x.shape(), x.dtype(), x.device());
  dispatch<ColorMatrix>(p, {x.data(), color.data(), y.data()}, x.device());
  p.form = p.form == ColorForm::adjoint ? ColorForm::linear : ColorForm::adjoint;
  return record("color_matrix", y, {x}, [color, p](const Tensor&, const Tensor& g, Needs) { return Tensors{map_color_by(g, color, p)}; });
}

}  // namespace

Tensor horizontal_flip(const Tensor& x, const Tensor& coin) {
  check_images("horizontal_flip", x);
  const Shape& s = x.shape();
  check(coin && coin.dtype() == DType::i32 && coin.shape() == Shape{s[0]}, "horizontal_flip",
        "wants one coin a sample, i32[{}] for {}, not {}", s[0], x, coin);
  check(coin.device() == x.device(), "horizontal_flip", "inputs on different devices: {} and {}; move one with to()", x, coin);
  Tensor y(s, x.dtype(), x.device());
  const auto size = [&](int axis) { return static_cast<int>(s[axis]); };
  dispatch<HorizontalFlip>({.n = size(0), .h = size(1), .w = size(2), .c = size(3), .dtype = x.dtype()}, {x.data(), coin.data(), y.data()},
                           x.device());
  if (!is_floating(x.dtype())) return y;  // integers have no derivative
  return record("horizontal_flip", y, {x, coin}, [coin](const Tensor&, const Tensor& g, Needs) {
    return Tensors{horizontal_flip(g, coin), Tensor()};
  });
}

Tensor warp(const Tensor& x, const Tensor& maps, const WarpOptions& options) {
  check_images("warp_images", x), check_floating("warp_images", x);
  check_parameters("warp_images", x, maps, "maps", 9, DType::f32);
  check(options.h >= 0 && options.w >= 0 && options.h <= 65536 && options.w <= 65536 && x.shape()[1] <= 65536 && x.shape()[2] <= 65536,
        "warp_images", "{}×{} from {}; sides are 1 to 65536", options.h, options.w, x);
  return warp_by(x, maps, problem_of(x, options));
}

Tensor color_matrix(const Tensor& x, const Tensor& color) {
  check_images("color_matrix", x), check_floating("color_matrix", x);
  check_parameters("color_matrix", x, color, "colours", 12, DType::f32);
  const Shape& s = x.shape();
  if (x.count() == 0) return x;
  return map_color_by(x, color, {.n = s[0], .inner = s[1] * s[2], .c = side(x, 3), .dtype = x.dtype()});
}

Tensor erase_boxes(const Tensor& x, const Tensor& boxes, double value) {
  check_images("erase_boxes", x), check_floating("erase_boxes", x);
  check_parameters("erase_boxes", x, boxes, "boxes", 4, DType::i32);
  Tensor y(x.shape(), x.dtype(), x.device());
  const EraseProblem p{side(x, 0), side(x, 1), side(x, 2), side(x, 3), static_cast<float>(value), x.dtype()};
  dispatch<EraseBoxes>(p, {x.data(), boxes.data(), y.data()}, x.device());
  return record("erase_boxes", y, {x}, [boxes](const Tensor&, const Tensor& g, Needs) { return Tensors{erase_boxes(g, boxes, 0)}; });
}

Tensor random_flip(const Tensor& x, double p, const Rng& rng, const Tensor& step, int64_t first) {
  check_images("random_flip", x);
  check(p >= 0 && p <= 1, "random_flip", "p = {} is no probability; give one in [0, 1]", p);
  check(step && step.device() == x.device(), "random_flip", "wants a step counter on the device of {}; make one with step_counter()", x);
  return horizontal_flip(x, cast(rng.bernoulli({x.shape()[0]}, step, p, DType::f32, first), DType::i32));
}

}  // namespace duel
