// A bias for each channel of the output and the activation behind it, on a tile on its way to memory; in bf16 the sums are rounded before
// that, as they would be if they were stored. A thread's channels are the same in all its rows, so it reads their biases once.
//
// none, relu and leaky_relu: the others would stand in each of the 64 places where a thread's sums lie, for no net that has them there.
#pragma once
#include "kernels/normed_conv2d/activation_behind.h"
#include "kernels/normed_conv2d/activation_on_store.h"

namespace duel {

class BiasOnStore {
 public:
  static constexpr bool changes = true, looks = false;
  // channels: of the output.
  BiasOnStore(const NormedConv2dProblem& p, int channels, const void* bias)
      : then_(p.then), slope_(static_cast<float>(p.then_slope)), channels_(channels), bias_(p.bias ? bias : nullptr) {}

  template <class Product, class Place>
  __device__ void change(typename Product::Sums& sums, Place, int first_channel) const {
    using T = typename Product::T;
    if (!bias_ && then_ == Act::none) return;
#pragma unroll
    for (int j = 0; j < Product::own_cols; j += Product::piece) {
      const int channel = first_channel + Product::own_col(j);
      float bias[Product::piece] = {};
      if (bias_ && channel < channels_) read_piece(bias, static_cast<const T*>(bias_) + channel);
#pragma unroll
      for (int i = 0; i < Product::own_rows; ++i)
#pragma unroll
        for (int e = 0; e < Product::piece; ++e) {
          float& value = Product::own_value(sums, i, j + e);
          value = bn_act_forward(then_, static_cast<float>(static_cast<T>(value)) + bias[e], slope_);
        }
    }
  }

 private:
  Act then_;
  float slope_;
  int channels_;
  const void* bias_;
};

}  // namespace duel
