// The activation behind a transposed convolution that ends a net: taken as the output is stored, and its derivative as the gradient is
// loaded. That is found from the output, so nothing else is kept.
#pragma once
#include "kernels/activation/functions.h"
#include "kernels/normed_conv2d/normed_conv2d.h"

namespace duel {

inline bool supports_then(const NormedConv2dProblem& p) { return p.then == Act::none || act_saves_output(p.then); }

struct ActivationBehind {
  Act then;
  __device__ float operator()(float sum) const {
    if (then == Act::tanh) return act_forward<Act::tanh>(sum, 0.f);
    return then == Act::sigmoid ? act_forward<Act::sigmoid>(sum, 0.f) : sum;
  }
};

// The gradient by what the activation was given, of that by its output: a reader as AsStored (kernels/conv2d/few_channels_tiles.h).
struct GradientThrough {
  Act then;
  const float *g, *out;  // out: the activation's; nothing where there is none
  __device__ float operator()(int i) const {
    if (then == Act::tanh) return g[i] * act_grad_factor<Act::tanh>(out[i], 0.f);
    return then == Act::sigmoid ? g[i] * act_grad_factor<Act::sigmoid>(out[i], 0.f) : g[i];
  }
};

}  // namespace duel
