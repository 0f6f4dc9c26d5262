// What the rows share: the activations that an output tells the derivative of, as constants.
#pragma once
#include "kernels/activation/functions.h"
#include "kernels/bias_activation/bias_activation.h"

namespace duel {

inline bool bias_activation_supports(const BiasActivationProblem& p) { return act_told_by_output(p.act, p.slope); }

// Calls f(std::integral_constant<Act, act>{}); as with_act(), without softplus.
template <class F>
HD void with_told_act(Act act, F&& f) {
  switch (act) {
    case Act::relu:
      return f(std::integral_constant<Act, Act::relu>{});
    case Act::leaky_relu:
      return f(std::integral_constant<Act, Act::leaky_relu>{});
    case Act::tanh:
      return f(std::integral_constant<Act, Act::tanh>{});
    case Act::sigmoid:
      return f(std::integral_constant<Act, Act::sigmoid>{});
    default:
      return f(std::integral_constant<Act, Act::none>{});
  }
}

}  // namespace duel
