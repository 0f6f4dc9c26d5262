// How two shapes meet: kernels/pointwise sees every result as [n, inner] with c channels, and each operand spread over it.
#pragma once
#include "engine/ops/check.h"
#include "kernels/pointwise/pointwise.h"

namespace duel {

struct Broadcast {
  Shape shape;
  int64_t n = 1, inner = 1, c = 1;
  Spread a = Spread::full, b = Spread::full;
};

// True where part's first `head` and last `tail` axes are those of whole, and the others are 1.
inline bool keeps_ends(const Shape& part, const Shape& whole, int head, int tail) {
  if (part.rank() != whole.rank() || part.rank() < head + tail) return false;
  for (int axis = 0; axis < part.rank(); ++axis)
    if (part[axis] != (axis < head || axis >= part.rank() - tail ? whole[axis] : 1)) return false;
  return true;
}

// How `part` spreads over `whole`; false when it does not.
inline bool spreads(const Shape& part, const Shape& whole, Spread& how) {
  if (part == whole) how = Spread::full;
  else if (part.count() == 1) how = Spread::scalar;
  else if (part.rank() == 1 && whole.rank() >= 1 && part[0] == whole[-1]) how = Spread::channel;
  else if (keeps_ends(part, whole, 1, 0)) how = Spread::sample;
  else if (keeps_ends(part, whole, 1, 1)) how = Spread::image;
  else return false;
  return true;
}

inline Broadcast over(const Shape& shape) {
  Broadcast to;
  to.shape = shape;
  if (shape.rank() == 0) return to;
  to.n = shape[0], to.c = shape[-1];
  if (shape.rank() == 1) to.n = 1;  // one sample of c channels
  to.inner = to.n ? shape.count() / to.n : 0;
  return to;
}

inline Broadcast broadcast(const char* op, const Tensor& x, const Shape& shape) {
  Broadcast to = over(shape);
  check(spreads(x.shape(), shape, to.a), op, "{} does not broadcast to {}", x.shape(), shape);
  return to;
}

inline Broadcast broadcast(const char* op, const Tensor& a, const Tensor& b) {
  Spread how;
  const bool b_over_a = spreads(b.shape(), a.shape(), how), a_over_b = spreads(a.shape(), b.shape(), how);
  // One-element tensors spread over each other: the higher rank is kept, whichever side it is on.
  const bool like_a = b_over_a && (!a_over_b || a.shape().rank() >= b.shape().rank());
  Broadcast to = over(like_a ? a.shape() : b.shape());
  check(spreads(a.shape(), to.shape, to.a) && spreads(b.shape(), to.shape, to.b), op,
        "shapes {} and {} do not broadcast; equal shapes, a scalar, [c], [n, 1, …, 1] or [n, 1, …, 1, c] do", a.shape(), b.shape());
  return to;
}

}  // namespace duel
