#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace duel {

Tensor activation(const Tensor& x, Act act, double slope) {
  check_floating("activation", x);
  Tensor y(x.shape(), x.dtype(), x.device());
  dispatch<Activation>({.n = x.count(), .act = act, .slope = slope, .dtype = x.dtype()}, {x.data(), y.data()}, x.device());
  return record("activation", y, {x}, [x, act, slope](const Tensor& out, const Tensor& g, Needs) {
    return Tensors{activation_grad(act_saves_output(act) ? out : x, g, act, slope)};
  });
}

Tensor relu(const Tensor& x) { return activation(x, Act::relu); }
Tensor leaky_relu(const Tensor& x, double slope) { return activation(x, Act::leaky_relu, slope); }
Tensor tanh(const Tensor& x) { return activation(x, Act::tanh); }
Tensor sigmoid(const Tensor& x) { return activation(x, Act::sigmoid); }
Tensor softplus(const Tensor& x) { return activation(x, Act::softplus); }

namespace {

// d(g·f')/d saved: zero for the piecewise linear ones.
Tensor second_derivative(const Tensor& saved, const Tensor& g, Act act) {
  switch (act) {
    case Act::tanh:
      return affine(mul(saved, g), -2, 0);  // f' = 1 − y²
    case Act::sigmoid:
      return mul(affine(saved, -2, 1), g);  // f' = y − y²
    case Act::softplus: {                   // f' = σ(x), f'' = σ − σ²
      const Tensor s = sigmoid(saved);
      return mul(sub(s, square(s)), g);
    }
    default:
      return {};
  }
}

}  // namespace

Tensor activation_grad(const Tensor& saved, const Tensor& g, Act act, double slope) {
  check_like("activation_grad", saved, g);
  check(saved.shape() == g.shape(), "activation_grad", "saved is {} and g is {}; they must be equal", saved, g);
  Tensor gx(g.shape(), g.dtype(), g.device());
  dispatch<ActivationGrad>({.n = g.count(), .act = act, .slope = slope, .dtype = g.dtype()}, {saved.data(), g.data(), gx.data()},
                           g.device());
  return record("activation_grad", gx, {saved, g}, [saved, g, act, slope](const Tensor&, const Tensor& gg, Needs needs) {
    const Tensor to_saved = needs[0] ? second_derivative(saved, g, act) : Tensor();
    return Tensors{to_saved ? mul(to_saved, gg) : Tensor(), needs[1] ? activation_grad(saved, gg, act, slope) : Tensor()};
  });
}

}  // namespace duel
