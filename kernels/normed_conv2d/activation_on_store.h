// A gradient by what an activation left, turned into that by what it was given, on its way to memory; in bf16 rounded before that, as it
// would be if it were stored.
#pragma once
#include "kernels/activation/functions.h"
#include "kernels/batch_norm/functions.h"
#include "kernels/normed_conv2d/normed_conv2d.h"
#include "kernels/ptx.h"

namespace duel {

// Values that lie side by side, as many as a thread of a Product has of them.
template <int count, class T>
__device__ void read_piece(float (&to)[count], const T* from) {
  if constexpr (count == 1) {
    to[0] = *from;
  } else if constexpr (count * sizeof(T) == 4) {  // two of bf16
    const uint32_t two = *reinterpret_cast<const uint32_t*>(from);
    to[0] = __uint_as_float(two << 16), to[1] = __uint_as_float(two & 0xffff0000u);
  } else {
    const auto values = load_vec<Pack<T, count>>(from);
#pragma unroll
    for (int e = 0; e < count; ++e) to[e] = values.at[e];
  }
}

class ActivationOnStore {
 public:
  static constexpr bool changes = true, looks = false;
  // raw: what the activation was given, of the output's shape. With a norm in between it is batch_norm_bwd that goes on.
  ActivationOnStore(const NormedConv2dProblem& p, const void* raw)
      : act_(p.norm ? Act::none : p.act), slope_(static_cast<float>(p.slope)), raw_(raw) {}

  template <class Product, class Place>
  __device__ void change(typename Product::Sums& sums, Place place, int) const {
    using T = typename Product::T;
    if (act_ == Act::none) return;
#pragma unroll
    for (int i = 0; i < Product::own_rows; ++i)
#pragma unroll
      for (int j = 0; j < Product::own_cols; j += Product::piece) {
        const int at = place(Product::own_row(i), Product::own_col(j));
        if (at < 0) continue;
        float raw[Product::piece];
        read_piece(raw, static_cast<const T*>(raw_) + at);
#pragma unroll
        for (int e = 0; e < Product::piece; ++e) {
          float& value = Product::own_value(sums, i, j + e);
          value = static_cast<float>(static_cast<T>(value)) * bn_act_grad_factor(act_, raw[e], slope_);
        }
      }
  }

 private:
  Act act_;
  float slope_;
  const void* raw_;
};

}  // namespace duel
