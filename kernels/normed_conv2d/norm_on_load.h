// Batch norm and an activation on the chunks of an operand that have come to shared memory, by the thread that copied them.
#pragma once
#include "kernels/batch_norm/functions.h"
#include "kernels/normed_conv2d/normed_conv2d.h"
#include "kernels/tile/divide.h"
#include "kernels/tile/shared_tile.h"

namespace duel {

// Whether the channels of gy come in whole chunks, in the types that both ends of a net have rows for.
inline bool takes_whole_chunks(const Conv2dProblem& d) {
  return d.dtype == DType::bf16 ? d.k % chunk_elements<bf16> == 0 : d.dtype == DType::f32 && d.k % chunk_elements<float> == 0;
}

class NormOnLoad {
 public:
  // channels: of the operand. A has mean, invstd, gamma and beta.
  template <class A>
  NormOnLoad(const NormedConv2dProblem& p, int channels, const A& a)
      : act_(p.act),
        slope_(static_cast<float>(p.slope)),
        channels_(channels),
        grouped_(p.groups > 1),
        images_(p.conv.n / p.groups),
        mean_(p.norm ? static_cast<const float*>(a.mean) : nullptr),
        invstd_(static_cast<const float*>(a.invstd)),
        gamma_(static_cast<const float*>(a.gamma)),
        beta_(static_cast<const float*>(a.beta)) {}

  // The chunk at `at` holds channels from `channel` on of a pixel of this image.
  template <class T>
  __device__ void operator()(T* at, int image, int channel) const {
    using Values = Pack<T, chunk_elements<T>>;
    Values values = load_vec<Values>(at);
    if (mean_) {
      const int of_group = grouped_ ? images_.quotient(image) * channels_ : 0;
#pragma unroll
      for (int e = 0; e < chunk_elements<T>; e += 4) {
        const auto mean = load_vec<Pack<float, 4>>(mean_ + of_group + channel + e);
        const auto invstd = load_vec<Pack<float, 4>>(invstd_ + of_group + channel + e);
        const auto gamma = load_vec<Pack<float, 4>>(gamma_ + channel + e);
        const auto beta = load_vec<Pack<float, 4>>(beta_ + channel + e);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const float scale = mul_rn(gamma.at[i], invstd.at[i]);
          const float v = bn_affine(static_cast<float>(values.at[e + i]), mean.at[i], scale, beta.at[i]);
          values.at[e + i] = static_cast<T>(bn_act_forward(act_, v, slope_));
        }
      }
    } else {
#pragma unroll
      for (int e = 0; e < chunk_elements<T>; ++e)
        values.at[e] = static_cast<T>(bn_act_forward(act_, static_cast<float>(values.at[e]), slope_));
    }
    store_vec(at, values);
  }

 private:
  Act act_;
  float slope_;
  int channels_;
  bool grouped_;
  Divisor images_;  // of a group
  const float *mean_, *invstd_, *gamma_, *beta_;
};

}  // namespace duel
