// What the rows share: the activations that an output tells the derivative of, as constants.
#pragma once
#include "kernels/activation/functions.h"
#include "kernels/bias_activation/bias_activation.h"

namespace duel {

inline bool bias_activation_supports(const BiasActivationProblem& p) { return act_told_by_output(p.act, p.slope); }

// Calls f(std::integral_constant<Act, act>{}); as with_act(), without softplus.
template <class F>
HD void with_told_act(Act act, F&& f) {
  with_act(act, [&](auto constant) {
    if constexpr (decltype(constant)::value != Act::softplus) f(constant);
  });
}

}  // namespace duel
