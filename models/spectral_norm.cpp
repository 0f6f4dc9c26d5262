#include "models/spectral_norm.h"

#include <fmt/format.h>

#include "engine/grad.h"

namespace duel {
namespace {

// [out, rest], or [rest, out] where the last axis leaves.
Tensor matrix_of(const Tensor& w, LeavesBy axis) {
  const int64_t side = axis == LeavesBy::first_axis ? w.shape()[0] : w.shape()[-1], other = w.count() / side;
  return axis == LeavesBy::first_axis ? reshape(w, {side, other}) : reshape(w, {other, side});
}

Tensor unit(const Tensor& x) { return x * rsqrt(sum(square(x)) + 1e-12); }

}  // namespace

Tensor spectral_norm(const Tensor& w, const Tensor& u, const Tensor& v, LeavesBy axis) {
  const bool first = axis == LeavesBy::first_axis;
  const Tensor wide = cast(w, accumulator_of(w.dtype())), m = matrix_of(wide, axis);
  if (u.shape() != Shape{m.shape()[first ? 0 : 1]} || v.shape() != Shape{m.shape()[first ? 1 : 0]})
    fail(Failure::usage, fmt::format("[spectral_norm] w is {}, but u is {} and v is {}; they are its left and right singular vectors",
                                     w.text(), u.text(), v.text()));
  const Tensor column = reshape(first ? v : u, {m.shape()[1], 1}), row = reshape(first ? u : v, {m.shape()[0], 1});
  const Tensor sigma = sum(mul(matmul(m, column), row));
  return cast(div(wide, sigma), w.dtype());
}

void power_iteration(const Tensor& w, const Tensor& u, const Tensor& v, LeavesBy axis) {
  NoGrad constant;
  const bool first = axis == LeavesBy::first_axis;
  const Tensor m = matrix_of(cast(w, accumulator_of(w.dtype())), axis);
  const auto column = [](const Tensor& x) { return reshape(x, {x.count(), 1}); };
  Tensor right = v, left = u;  // handles: assign() writes where they point
  right.assign(reshape(unit(matmul(m, column(u), first)), v.shape()).detach());
  left.assign(reshape(unit(matmul(m, column(v), !first)), u.shape()).detach());
}

}  // namespace duel
