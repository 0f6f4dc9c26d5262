// D's last layer: a window as large as the image and one output channel, so that y is a dot product an image. What its rows share.
#pragma once
#include "kernels/batch_norm/functions.h"
#include "kernels/launch.h"
#include "kernels/normed_conv2d/normed_conv2d.h"
#include "kernels/ptx.h"

namespace duel::one_output {

constexpr int threads = 256;
template <class T>
using Values = Pack<T, pack_elements<T>>;  // 16 bytes
using Four = Pack<float, 4>;

inline bool supports(const NormedConv2dProblem& p) {
  const Conv2dProblem& d = p.conv;
  const int together = d.dtype == DType::f32 ? pack_elements<float> : pack_elements<bf16>;
  return (d.dtype == DType::f32 || d.dtype == DType::bf16) && d.k == 1 && d.p == 1 && d.q == 1 && d.r == d.h && d.s == d.w && d.top == 0 &&
         d.left == 0 && d.c % together == 0 && p.of == NormedOperand::x && bn_supports_act(p.act) && !p.statistics;
}
// Of the gradients, which no row takes through an activation behind.
inline bool supports_grads(const NormedConv2dProblem& p) { return supports(p) && p.then == Act::none; }

// What stands between x and the convolution, of tensors in memory; mean is null where there is no norm.
struct Before {
  Act act;
  float slope;
  const float *mean, *invstd, *gamma, *beta;
};
template <class Args>
Before before(const NormedConv2dProblem& p, const Args& a) {
  return {p.act,
          static_cast<float>(p.slope),
          p.norm ? static_cast<const float*>(a.mean) : nullptr,
          static_cast<const float*>(a.invstd),
          static_cast<const float*>(a.gamma),
          static_cast<const float*>(a.beta)};
}

// The same for 16 bytes of channels that a thread stays with, in registers. Bits as batch norm's own rows have them (bn_affine), rounded to
// T as those store them.
template <class T>
class NormOfValues {
 public:
  // channel: the first of them; channels: of x, whose groups' statistics follow each other.
  __device__ NormOfValues(const Before& b, int group, int channels, int channel)
      : act_(b.act), slope_(b.slope), normed_(b.mean != nullptr) {
    if (!normed_) return;
#pragma unroll
    for (int f = 0; f < fours; ++f) {
      const int at = channel + 4 * f, of_group = group * channels + at;
      const auto invstd = load_vec<Four>(b.invstd + of_group), gamma = load_vec<Four>(b.gamma + at);
      mean_[f] = load_vec<Four>(b.mean + of_group), beta_[f] = load_vec<Four>(b.beta + at);
#pragma unroll
      for (int e = 0; e < 4; ++e) scale_[f].at[e] = mul_rn(gamma.at[e], invstd.at[e]);
    }
  }
  __device__ float operator()(float x, int e) const {
    const int f = e / 4, i = e % 4;
    const float normal = normed_ ? bn_affine(x, mean_[f].at[i], scale_[f].at[i], beta_[f].at[i]) : x;
    return static_cast<float>(static_cast<T>(bn_act_forward(act_, normal, slope_)));
  }
  // A gradient by the result, as it is stored, by the raw value x: with a norm it is batch_norm_bwd that goes on.
  __device__ T through(float g, float x) const {
    const T gradient = static_cast<T>(g);
    return normed_ ? gradient : static_cast<T>(static_cast<float>(gradient) * bn_act_grad_factor(act_, x, slope_));
  }

 private:
  static constexpr int fours = pack_elements<T> / 4;
  Act act_;
  float slope_;
  bool normed_;
  Four mean_[fours], scale_[fours], beta_[fours];
};

}  // namespace duel::one_output
