#include "kernels/pointwise/pointwise.h"

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/broadcast.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

Tensor run_unary(const Tensor& x, UnaryFn fn, double a = 0, double b = 0) {
  check_floating("unary", x);
  Tensor y(x.shape(), x.dtype(), x.device());
  dispatch<Unary>({.n = 1, .inner = x.count(), .c = 1, .fn = fn, .a = a, .b = b, .dtype = x.dtype()}, {x.data(), y.data()}, x.device());
  return y;
}

Tensor run_binary(const char* op, BinaryFn fn, const Tensor& a, const Tensor& b) {
  check_like(op, a, b);
  const Broadcast to = broadcast(op, a, b);
  Tensor y(to.shape, a.dtype(), a.device());
  dispatch<Binary>({.n = to.n, .inner = to.inner, .c = to.c, .fn = fn, .a_spread = to.a, .b_spread = to.b, .dtype = a.dtype()},
                   {a.data(), b.data(), y.data()}, a.device());
  return y;
}

}  // namespace

Tensor neg(const Tensor& x) {
  return record("neg", run_unary(x, UnaryFn::neg), {x}, [](const Tensor&, const Tensor& g, Needs) { return Tensors{neg(g)}; });
}
Tensor abs(const Tensor& x) {
  return record("abs", run_unary(x, UnaryFn::abs), {x}, [x](const Tensor&, const Tensor& g, Needs) { return Tensors{mul(g, sign(x))}; });
}
Tensor sign(const Tensor& x) {
  return record("sign", run_unary(x, UnaryFn::sign), {x}, [](const Tensor&, const Tensor&, Needs) { return Tensors{Tensor()}; });
}
Tensor square(const Tensor& x) {
  return record("square", run_unary(x, UnaryFn::square), {x},
                [x](const Tensor&, const Tensor& g, Needs) { return Tensors{mul(affine(x, 2, 0), g)}; });
}
Tensor sqrt(const Tensor& x) {
  return record("sqrt", run_unary(x, UnaryFn::sqrt), {x},
                [](const Tensor& y, const Tensor& g, Needs) { return Tensors{div(affine(g, 0.5, 0), y)}; });
}
Tensor rsqrt(const Tensor& x) {
  return record("rsqrt", run_unary(x, UnaryFn::rsqrt), {x},
                [](const Tensor& y, const Tensor& g, Needs) { return Tensors{mul(affine(g, -0.5, 0), mul(y, square(y)))}; });
}
Tensor reciprocal(const Tensor& x) {
  return record("reciprocal", run_unary(x, UnaryFn::reciprocal), {x},
                [](const Tensor& y, const Tensor& g, Needs) { return Tensors{mul(neg(g), square(y))}; });
}
Tensor exp(const Tensor& x) {
  return record("exp", run_unary(x, UnaryFn::exp), {x}, [](const Tensor& y, const Tensor& g, Needs) { return Tensors{mul(g, y)}; });
}
Tensor log(const Tensor& x) {
  return record("log", run_unary(x, UnaryFn::log), {x}, [x](const Tensor&, const Tensor& g, Needs) { return Tensors{div(g, x)}; });
}
Tensor sin(const Tensor& x) {
  return record("sin", run_unary(x, UnaryFn::sin), {x}, [x](const Tensor&, const Tensor& g, Needs) { return Tensors{mul(g, cos(x))}; });
}
Tensor cos(const Tensor& x) {
  return record("cos", run_unary(x, UnaryFn::cos), {x},
                [x](const Tensor&, const Tensor& g, Needs) { return Tensors{mul(neg(g), sin(x))}; });
}
Tensor affine(const Tensor& x, double a, double b) {
  return record("affine", run_unary(x, UnaryFn::affine, a, b), {x},
                [a](const Tensor&, const Tensor& g, Needs) { return Tensors{affine(g, a, 0)}; });
}
Tensor clamp(const Tensor& x, double low, double high) {
  return record("clamp", run_unary(x, UnaryFn::clamp, low, high), {x},
                [=](const Tensor&, const Tensor& g, Needs) { return Tensors{mul(g, inside(x, low, high))}; });
}
Tensor inside(const Tensor& x, double low, double high) {
  return record("inside", run_unary(x, UnaryFn::inside, low, high), {x},
                [](const Tensor&, const Tensor&, Needs) { return Tensors{Tensor()}; });
}
Tensor step(const Tensor& x, double otherwise) {
  return record("step", run_unary(x, UnaryFn::step, otherwise), {x}, [](const Tensor&, const Tensor&, Needs) { return Tensors{Tensor()}; });
}

Tensor add(const Tensor& a, const Tensor& b) {
  return record("add", run_binary("add", BinaryFn::add, a, b), {a, b},
                [sa = a.shape(), sb = b.shape()](const Tensor&, const Tensor& g, Needs needs) {
                  return Tensors{needs[0] ? sum_to(g, sa) : Tensor(), needs[1] ? sum_to(g, sb) : Tensor()};
                });
}
Tensor sub(const Tensor& a, const Tensor& b) {
  return record("sub", run_binary("sub", BinaryFn::sub, a, b), {a, b},
                [sa = a.shape(), sb = b.shape()](const Tensor&, const Tensor& g, Needs needs) {
                  return Tensors{needs[0] ? sum_to(g, sa) : Tensor(), needs[1] ? sum_to(neg(g), sb) : Tensor()};
                });
}
Tensor mul(const Tensor& a, const Tensor& b) {
  return record("mul", run_binary("mul", BinaryFn::mul, a, b), {a, b}, [a, b](const Tensor&, const Tensor& g, Needs needs) {
    return Tensors{needs[0] ? sum_to(mul(g, b), a.shape()) : Tensor(), needs[1] ? sum_to(mul(g, a), b.shape()) : Tensor()};
  });
}
Tensor div(const Tensor& a, const Tensor& b) {
  return record("div", run_binary("div", BinaryFn::div, a, b), {a, b}, [a, b](const Tensor& y, const Tensor& g, Needs needs) {
    const Tensor ga = div(g, b);
    return Tensors{needs[0] ? sum_to(ga, a.shape()) : Tensor(), needs[1] ? sum_to(neg(mul(ga, y)), b.shape()) : Tensor()};
  });
}
Tensor maximum(const Tensor& a, const Tensor& b) {
  return record("maximum", run_binary("maximum", BinaryFn::maximum, a, b), {a, b}, [a, b](const Tensor&, const Tensor& g, Needs needs) {
    const Tensor from_a = greater(a, b);
    return Tensors{needs[0] ? sum_to(mul(g, from_a), a.shape()) : Tensor(),
                   needs[1] ? sum_to(mul(g, affine(from_a, -1, 1)), b.shape()) : Tensor()};
  });
}
Tensor minimum(const Tensor& a, const Tensor& b) {
  return record("minimum", run_binary("minimum", BinaryFn::minimum, a, b), {a, b}, [a, b](const Tensor&, const Tensor& g, Needs needs) {
    const Tensor from_a = greater(b, a);
    return Tensors{needs[0] ? sum_to(mul(g, from_a), a.shape()) : Tensor(),
                   needs[1] ? sum_to(mul(g, affine(from_a, -1, 1)), b.shape()) : Tensor()};
  });
}
Tensor greater(const Tensor& a, const Tensor& b) {
  return record("greater", run_binary("greater", BinaryFn::greater, a, b), {a, b}, [](const Tensor&, const Tensor&, Needs) {
    return Tensors{Tensor(), Tensor()};
  });
}

Tensor bce_logits(const Tensor& logits, const Tensor& targets) {
  return record("bce_logits", run_binary("bce_logits", BinaryFn::bce_logits, logits, targets), {logits, targets},
                [logits, targets](const Tensor&, const Tensor& g, Needs needs) {
                  return Tensors{needs[0] ? sum_to(mul(g, sub(sigmoid(logits), targets)), logits.shape()) : Tensor(),
                                 needs[1] ? sum_to(neg(mul(g, logits)), targets.shape()) : Tensor()};
                });
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  check_floating("broadcast_to", x);
  if (x.shape() == shape) return x;
  const Broadcast to = broadcast("broadcast_to", x, shape);
  Tensor y(shape, x.dtype(), x.device());
  dispatch<Unary>({.n = to.n, .inner = to.inner, .c = to.c, .fn = UnaryFn::identity, .from = to.a, .dtype = x.dtype()},
                  {x.data(), y.data()}, x.device());
  return record("broadcast_to", y, {x}, [from = x.shape()](const Tensor&, const Tensor& g, Needs) { return Tensors{sum_to(g, from)}; });
}

Tensor cast(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  Tensor y(x.shape(), dtype, x.device());
  dispatch<Cast>({.n = x.count(), .from = x.dtype(), .to = dtype}, {x.data(), y.data()}, x.device());
  if (!is_floating(dtype) || !is_floating(x.dtype())) return y;  // integers have no derivative, and nothing differentiable leads to them
  // A gradient of a bf16 weight stays f32, as those of convolutions do; grad() rounds it where an op before x wants it so.
  return record(
      "cast", y, {x},
      [from = x.dtype()](const Tensor&, const Tensor& g, Needs) { return Tensors{g.dtype() == accumulator_of(from) ? g : cast(g, from)}; },
      /*wide_gradient=*/true);
}

}  // namespace duel
