// What activation and activation_grad do to one element: written once for every row, and for the ops that have an activation fused in.
// Each comes with the activation as a constant, for inner loops (act_forward<Act::tanh>(x, slope)), and as a variable.
#pragma once
#include <type_traits>

#include "kernels/activation/activation.h"
#include "kernels/pointwise/math.h"

namespace duel {

// f(x). T is the arithmetic's type: float or double. NaN stays NaN.
template <Act act, class T>
HD T act_forward(T x, T slope) {
  if constexpr (act == Act::none) return x;
  if constexpr (act == Act::relu) return x <= T(0) ? T(0) : x;
  if constexpr (act == Act::leaky_relu) {
    const T scaled = slope * x;
    return x > T(0) ? x : scaled;
  }
  if constexpr (act == Act::tanh) return math::tanh(x);
  if constexpr (act == Act::sigmoid) return math::sigmoid(x);
  if constexpr (act == Act::softplus) return math::softplus(x);
}

// f', from x or from y: see act_saves_output.
template <Act act, class T>
HD T act_grad_factor(T saved, T slope) {
  if constexpr (act == Act::none) return T(1);
  if constexpr (act == Act::relu) return saved <= T(0) ? T(0) : T(1);
  if constexpr (act == Act::leaky_relu) return saved > T(0) ? T(1) : slope;
  if constexpr (act == Act::tanh) return T(1) - saved * saved;
  if constexpr (act == Act::sigmoid) return saved * (T(1) - saved);
  if constexpr (act == Act::softplus) return math::sigmoid(saved);
}

// Calls f(std::integral_constant<Act, act>{}): turns the variable into a constant.
template <class F>
HD void with_act(Act act, F&& f) {
  switch (act) {
    case Act::none:
      return f(std::integral_constant<Act, Act::none>{});
    case Act::relu:
      return f(std::integral_constant<Act, Act::relu>{});
    case Act::leaky_relu:
      return f(std::integral_constant<Act, Act::leaky_relu>{});
    case Act::tanh:
      return f(std::integral_constant<Act, Act::tanh>{});
    case Act::sigmoid:
      return f(std::integral_constant<Act, Act::sigmoid>{});
    case Act::softplus:
      return f(std::integral_constant<Act, Act::softplus>{});
  }
}

template <class T>
HD T act_forward(Act act, T x, T slope) {
  T y = x;
  with_act(act, [&](auto constant) { y = act_forward<decltype(constant)::value>(x, slope); });
  return y;
}
template <class T>
HD T act_grad_factor(Act act, T saved, T slope) {
  T factor = 1;
  with_act(act, [&](auto constant) { factor = act_grad_factor<decltype(constant)::value>(saved, slope); });
  return factor;
}

}  // namespace duel
