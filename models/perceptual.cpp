#include "models/perceptual.h"

#include <fmt/format.h>

#include "engine/grad.h"

namespace duel {
namespace {

void check_alike(const char* what, const Tensor& a, const Tensor& b) {
  if (a.shape().rank() == 4 && a.shape() == b.shape()) return;
  fail(Failure::usage, fmt::format("[{}] compares {} with {}; both must be [n,h,w,c] and alike", what, a.text(), b.text()));
}

// q^1.25. Its slope at 0 is 0; a root's is not, which is why it stands a little off.
Tensor to_the_five_fourths(const Tensor& q) { return q * sqrt(sqrt(q + 1e-12)); }

}  // namespace

Tensor content_loss(const Tensor& f, const Tensor& of) {
  check_alike("content_loss", f, of);
  return sum_per_sample(square(f - of)) * 0.5;
}

Tensor gram(const Tensor& f) {
  const Shape& s = f.shape();
  const Tensor maps = reshape(f, {s[0], s[1] * s[2], s[3]});
  return matmul(maps, maps, true, false);
}

Tensor style_loss(const Tensor& f, const Tensor& of) {
  check_alike("style_loss", f, of);
  const double maps = static_cast<double>(f.shape()[3]), positions = static_cast<double>(f.shape()[1] * f.shape()[2]);
  const Tensor sums = sum_per_sample(square(gram(f) - gram(of))) * (1 / (4 * maps * maps * positions * positions));
  return reshape(sums, {f.shape()[0], 1, 1, 1});
}

Tensor total_variation(const Tensor& x) {
  if (x.shape().rank() != 4 || x.shape()[1] < 2 || x.shape()[2] < 2)
    fail(Failure::usage,
         fmt::format("[total_variation] {} has no neighbours in both directions; x must be [n,h,w,c] of 2 × 2 pixels or more", x.text()));
  const int64_t n = x.shape()[0], h = x.shape()[1], w = x.shape()[2], c = x.shape()[3];
  const auto rows = [&](int64_t from) { return slice_channels(reshape(x, {n, h * w * c}), from * w * c, (h - 1) * w * c); };
  const Tensor upper = reshape(rows(0), {n * (h - 1), w * c}), lower = reshape(rows(1), {n * (h - 1), w * c});
  const auto left = [&](const Tensor& t) { return slice_channels(t, 0, (w - 1) * c); };
  const Tensor down = left(lower) - left(upper), right = slice_channels(upper, c, (w - 1) * c) - left(upper);
  return sum_per_sample(reshape(to_the_five_fourths(square(down) + square(right)), {n, h - 1, w - 1, c}));
}

Tensor perceptual_loss(const Perceptual& p, const Tensor& made, const Tensor& x) {
  Tensor sum;
  const auto add = [&](const Tensor& t, double weight) { sum = sum ? sum + t * weight : t * weight; };
  if (p.content > 0 || p.style > 0) {
    if (!p.by) fail(Failure::usage, "[perceptual_loss] content and style are seen by a classifier, and there is none");
    Tensors of_x;
    {
      NoGrad constant;
      of_x = p.by->stages(x);
    }
    const Tensors of_made = p.by->stages(made);
    const auto full = [](const Tensor& t) { return cast(t, accumulator_of(t.dtype())); };
    if (p.content > 0) add(content_loss(full(of_made.back()), full(of_x.back())), p.content);
    for (size_t i = 0; p.style > 0 && i < of_made.size(); ++i)
      add(style_loss(full(of_made[i]), full(of_x[i])), p.style / static_cast<double>(of_made.size()));
  }
  if (p.variation > 0) add(total_variation(made), p.variation);
  return sum;
}

}  // namespace duel
