// A gradient by what an activation left, turned into that by what it was given, on its way to memory.
#pragma once
#include "kernels/activation/functions.h"
#include "kernels/batch_norm/functions.h"
#include "kernels/normed_conv2d/normed_conv2d.h"
#include "kernels/ptx.h"

namespace duel {

class ActivationOnStore {
 public:
  static constexpr bool changes = true, looks = false;
  // raw: what the activation was given, of the output's shape. With a norm in between it is batch_norm_bwd that goes on.
  ActivationOnStore(const NormedConv2dProblem& p, const void* raw)
      : act_(p.norm ? Act::none : p.act), slope_(static_cast<float>(p.slope)), raw_(static_cast<const float*>(raw)) {}

  template <class Product, class Place>
  __device__ void change(typename Product::Sums& sums, Place place) const {
    if (act_ == Act::none) return;
#pragma unroll
    for (int i = 0; i < Product::own_rows; ++i)
#pragma unroll
      for (int j = 0; j < Product::own_cols; j += Product::piece) {
        const int at = place(Product::own_row(i), Product::own_col(j));
        if (at < 0) continue;
        float raw[Product::piece];
        read(raw, raw_ + at);
#pragma unroll
        for (int e = 0; e < Product::piece; ++e) Product::own_value(sums, i, j + e) *= bn_act_grad_factor(act_, raw[e], slope_);
      }
  }

 private:
  template <int count>
  static __device__ void read(float (&to)[count], const float* from) {
    if constexpr (count == 1) {
      to[0] = *from;
    } else {
      const auto values = load_vec<Pack<float, count>>(from);
#pragma unroll
      for (int e = 0; e < count; ++e) to[e] = values.at[e];
    }
  }

  Act act_;
  float slope_;
  const float* raw_;
};

}  // namespace duel
