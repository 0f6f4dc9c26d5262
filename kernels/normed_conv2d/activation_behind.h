// A bias and the activation behind a convolution, taken as each value of the output is stored; and that activation's derivative where a
// gradient is loaded. That is found from the output, so nothing else is kept. In bf16 both round what the convolution and the activation by
// themselves would store: the sum before the bias, and the gradient behind the activation.
#pragma once
#include "kernels/activation/functions.h"
#include "kernels/batch_norm/functions.h"
#include "kernels/bias_activation/bias_activation.h"
#include "kernels/normed_conv2d/normed_conv2d.h"

namespace duel {

// What a row asks of bias and activation where it takes each value by itself.
inline bool supports_behind(const NormedConv2dProblem& p) {
  return act_told_by_output(p.then, p.then_slope) && !(p.statistics && (p.bias || p.then != Act::none));
}
// And of the activation whose derivative it takes.
inline bool supports_then(const NormedConv2dProblem& p) { return p.then == Act::none || act_saves_output(p.then); }

// any: tanh and sigmoid as well, which are long where they stand once for each of a thread's many sums.
template <class T, bool any = true>
class BiasActivationBehind {
 public:
  BiasActivationBehind(const NormedConv2dProblem& p, const void* bias)
      : bias_(p.bias ? static_cast<const T*>(bias) : nullptr), then_(p.then), slope_(static_cast<float>(p.then_slope)) {}

  // Of a channel of the output, and what becomes of a sum of the convolution there: as AsSummed (kernels/conv2d/few_channels_tiles.h).
  __device__ float bias(int channel) const { return bias_ ? static_cast<float>(bias_[channel]) : 0.f; }
  __device__ float finished(float sum, float bias) const {
    const float value = static_cast<float>(static_cast<T>(sum)) + bias;
    if constexpr (any) {
      if (then_ == Act::tanh) return act_forward<Act::tanh>(value, 0.f);
      if (then_ == Act::sigmoid) return act_forward<Act::sigmoid>(value, 0.f);
    }
    return bn_act_forward(then_, value, slope_);
  }

 private:
  const T* bias_;
  Act then_;
  float slope_;
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
