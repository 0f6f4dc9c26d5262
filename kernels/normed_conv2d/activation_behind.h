// The activation behind a transposed convolution that ends a net: taken as the output is stored, and its derivative as the gradient is
// loaded. That is found from the output, so nothing else is kept. In bf16 both round what the convolution and the activation by themselves
// would store: the sum before the activation, and the gradient behind it.
#pragma once
#include "kernels/activation/functions.h"
#include "kernels/normed_conv2d/normed_conv2d.h"

namespace duel {

inline bool supports_then(const NormedConv2dProblem& p) { return p.then == Act::none || act_saves_output(p.then); }

template <class T>
struct ActivationBehind {
  Act then;
  __device__ float operator()(float sum) const {
    const float stored = static_cast<float>(static_cast<T>(sum));
    if (then == Act::tanh) return act_forward<Act::tanh>(stored, 0.f);
    return then == Act::sigmoid ? act_forward<Act::sigmoid>(stored, 0.f) : sum;
  }
};

// The gradient by what the activation was given, of that by its output: a reader as AsStored (kernels/conv2d/few_channels_tiles.h).
template <class T>
struct GradientThrough {
  Act then;
  const T *g, *out;  // out: the activation's; nothing where there is none
  __device__ float operator()(int i) const {
    const float gradient = static_cast<float>(g[i]);
    if (then == Act::tanh) return stored(gradient * act_grad_factor<Act::tanh>(static_cast<float>(out[i]), 0.f));
    return then == Act::sigmoid ? stored(gradient * act_grad_factor<Act::sigmoid>(static_cast<float>(out[i]), 0.f)) : gradient;
  }

 private:
  static __device__ float stored(float v) { return static_cast<float>(static_cast<T>(v)); }
};

}  // namespace duel
