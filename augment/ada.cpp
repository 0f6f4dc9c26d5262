#include "augment/ada.h"

#include <algorithm>
#include <cmath>

#include "augment/check.h"
#include "engine/grad.h"
#include "engine/ops.h"

namespace duel {

const std::array<double, ada_taps> ada_low_pass = {
    0.015404109327027373, 0.0034907120842174702, -0.11799011114819057,  -0.048311742585633,  0.4910559419267466,    0.787641141030194,
    0.3379294217276218,   -0.07263752278646252,  -0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148};

namespace {

constexpr int before = ada_taps / 2 - 1;  // taps before the pixel itself: the two middle ones are its halves
constexpr int reach = ada_taps / 4;       // pixels whose halves a frame must lose, for the filter looked outside it
// The filter is not symmetric: slow waves come out by Σ k·hₖ/Σ hₖ − 5½ = −.402 later, in pixels of the fine image. Maps allow for it, or a
// flip would move the picture by twice that. In thirty-seconds, so that maps by whole pixels stay exact.
constexpr double delay = -13.0 / 32;
constexpr int steps_between = 4;           // Karras et al. (2020), section 3
constexpr double images_to_one = 500'000;  // ibid.

using Map3 = std::array<double, 9>;

// f32[9,9] that takes a map M, row by row, to A·M·B.
Tensor around(const Map3& a, const Map3& b, Device device) {
  std::vector<double> k(81);
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j)
      for (size_t r = 0; r < 3; ++r)
        for (size_t c = 0; c < 3; ++c) k[(3 * r + c) * 9 + 3 * i + j] = a[3 * i + r] * b[3 * c + j];
  return Tensor::from({9, 9}, k, DType::f32, device);
}

// The filter between channels of the same number, along the axis where `shape` has the taps.
Tensor filter(int64_t channels, const Shape& shape, DType dtype, Device device) {
  std::vector<double> w(static_cast<size_t>(shape.count()), 0.0);
  for (int64_t k = 0; k < channels; ++k)
    for (int64_t t = 0; t < ada_taps; ++t) w[static_cast<size_t>((k * ada_taps + t) * channels + k)] = ada_low_pass[static_cast<size_t>(t)];
  return Tensor::from(shape, w, dtype, device);
}

int side(const Tensor& x, int axis) { return static_cast<int>(x.shape()[axis]); }

// From h×w to 2(h − 2·reach) rows, or columns: the middle of what the filter makes of it, where it saw all it reads. √2 keeps brightness.
Tensor twice(const Tensor& x, const Tensor& w, bool rows) {
  const int h = side(x, 1), wide = side(x, 2), c = side(x, 3), top = before + 2 * reach;
  Conv2dProblem p{.n = side(x, 0), .h = h, .w = wide, .c = c, .k = c, .p = h, .q = wide};
  if (rows) p.h = 2 * (h - 2 * reach), p.r = ada_taps, p.u = 2, p.top = top;
  else p.w = 2 * (wide - 2 * reach), p.s = ada_taps, p.v = 2, p.left = top;
  return conv2d_dgrad(x, w, p) * std::sqrt(2.0);
}

// Its inverse on what it made, to h rows or columns of an image of twice that and of `before` more on each side.
Tensor half(const Tensor& x, const Tensor& w, bool rows) {
  Conv2dProblem p{.n = side(x, 0), .h = side(x, 1), .w = side(x, 2), .c = side(x, 3), .k = side(x, 3), .p = side(x, 1), .q = side(x, 2)};
  if (rows) p.p = (p.h - 2 * before) / 2, p.r = ada_taps, p.u = 2;
  else p.q = (p.w - 2 * before) / 2, p.s = ada_taps, p.v = 2;
  return conv2d_fwd(x, w, p) * std::sqrt(0.5);
}

}  // namespace

Recipe ada_recipe() {
  return parse_recipe(
      "hflip; rot90; translate -.125...125 whole=1; scale 1~.2; rotate -180..180; stretch 1~.2; rotate -180..180; translate 0~.125; "
      "lighten 0~.1; contrast by=1~~.5 about=.5; luma-flip; hue -.5...5; saturation by=1~~1 mean=1; "
      "resample border=reflect antialias=0 clamp=0");
}

AdaTransform::AdaTransform(const Shape& shape, DType dtype, Device device) : images(shape), dtype_(accumulator_of(dtype)) {
  check(shape.rank() == 4, "ada", "wants images [n,h,w,c], not {}", shape);
  const int64_t n = shape[0], c = shape[3];
  margin_ = static_cast<int>((std::max(shape[1], shape[2]) + 1) / 2) + reach;
  std::vector<double> rotates, padding;
  for (int i = 0; i < recipe.steps; ++i) rotates.push_back(recipe.step[i].op == AugOp::rotate);
  const double m = margin_, add = m + reach;
  for (int64_t i = 0; i < n; ++i) padding.insert(padding.end(), {1, 0, -add, 0, 1, -add, 0, 0, 1});
  rotates_ = Tensor::from({recipe.steps}, rotates, DType::f32, device);
  padding_ = Tensor::from({n, 9}, padding, DType::f32, device);
  const double from = -(before + delay) / 2, to = 2 * m + delay;
  to_fine_ = around({2, 0, to, 0, 2, to, 0, 0, 1}, {.5, 0, from, 0, .5, from, 0, 0, 1}, device);
  rows_ = filter(c, {c, ada_taps, 1, c}, dtype_, device), columns_ = filter(c, {c, 1, ada_taps, c}, dtype_, device);
}

Tensor AdaTransform::strengths(const Tensor& p) const {
  NoGrad constant;
  const Tensor turns = affine(sqrt(clamp(affine(p, -1, 1), 0, 1)), -1, 1);
  return (broadcast_to(p, rotates_.shape()) * affine(rotates_, -1, 1) + broadcast_to(turns, rotates_.shape()) * rotates_).detach();
}

Drawn AdaTransform::draw(const Rng& rng, const Tensor& step, const Tensor& ids, const Tensor& p) const {
  NoGrad constant;
  Drawn drawn = draw_augmentation(images, recipe, rng, step, ids, {.is_signed = true, .strength = strengths(p)});
  drawn.maps = on_fine_grid(drawn.maps);
  return drawn;
}

Tensor AdaTransform::on_fine_grid(const Tensor& maps) const {
  NoGrad constant;
  return matmul(maps, to_fine_).detach();
}

Tensor AdaTransform::operator()(const Tensor& x, const Drawn& drawn) const {
  check(x && x.shape() == images && accumulator_of(x.dtype()) == dtype_, "ada", "made for images {}, not {}", images, x);
  const int h = side(x, 1), w = side(x, 2), add = 2 * (margin_ + reach);
  const WarpOptions copied{.h = h + add, .w = w + add, .interpolation = Interpolation::nearest, .border = Border::reflect};
  Tensor y = warp(cast(x, dtype_), padding_, copied);
  y = twice(twice(y, rows_, true), columns_, false);
  y = warp(y, drawn.maps, {.h = 2 * (h + before), .w = 2 * (w + before), .border = Border::reflect});
  y = half(half(y, rows_, true), columns_, false);
  return cast(color_matrix(y, drawn.colors), x.dtype());
}

AdaController::AdaController(double target, int64_t images_a_step, Device device)
    : target(target), images(steps_between * images_a_step), state(Tensor::zeros({3}, DType::f32, device)) {
  check(target > -1 && target < 1, "ada", "a mean sign of {} to aim at; it lies between -1 and 1", target);
  check(images_a_step >= 1 && images < 1 << 24, "ada", "{} images a step; they are counted in f32", images_a_step);
}

void AdaController::hear(const Tensor& said) {
  NoGrad constant;
  const auto part = [&](int i) { return state.alias({1}, i); };
  const Tensor signs = part(1) + reshape(sum(sign(cast(said, DType::f32))), {1}), count = part(2) + static_cast<double>(said.count());
  const Tensor due = step(count - (static_cast<double>(images) - 0.5)), move = sign(signs / count - target) * count * (1 / images_to_one);
  const Tensor stay = affine(due, -1, 1);
  part(0).assign(clamp(part(0) + due * move, 0, 1).detach());
  part(1).assign((signs * stay).detach()), part(2).assign((count * stay).detach());
}

}  // namespace duel
