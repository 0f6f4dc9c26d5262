// D's last layer: a window as large as the image and one output channel, so that y is a dot product an image. What its rows share.
#pragma once
#include "kernels/batch_norm/functions.h"
#include "kernels/launch.h"
#include "kernels/normed_conv2d/normed_conv2d.h"
#include "kernels/ptx.h"

namespace duel::one_output {

constexpr int threads = 256;
using Four = Pack<float, 4>;

inline bool supports(const NormedConv2dProblem& p) {
  const Conv2dProblem& d = p.conv;
  return d.dtype == DType::f32 && d.k == 1 && d.p == 1 && d.q == 1 && d.r == d.h && d.s == d.w && d.top == 0 && d.left == 0 &&
         d.c % 4 == 0 && p.of == NormedOperand::x && bn_supports_act(p.act) && !p.statistics && p.then == Act::none;
}

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

// The same for four channels that a thread stays with, in registers. Bits as batch norm's own rows have them (bn_affine).
class NormOfFour {
 public:
  // channel: the first of them; channels: of x, whose groups' statistics follow each other.
  __device__ NormOfFour(const Before& b, int group, int channels, int channel) : act_(b.act), slope_(b.slope), normed_(b.mean != nullptr) {
    if (!normed_) return;
    const auto invstd = load_vec<Four>(b.invstd + group * channels + channel), gamma = load_vec<Four>(b.gamma + channel);
    mean_ = load_vec<Four>(b.mean + group * channels + channel), beta_ = load_vec<Four>(b.beta + channel);
#pragma unroll
    for (int e = 0; e < 4; ++e) scale_.at[e] = mul_rn(gamma.at[e], invstd.at[e]);
  }
  __device__ float operator()(float x, int e) const {
    return bn_act_forward(act_, normed_ ? bn_affine(x, mean_.at[e], scale_.at[e], beta_.at[e]) : x, slope_);
  }
  // What a gradient by the result is multiplied by, x being the raw value: with a norm it is batch_norm_bwd that goes on.
  __device__ float derivative(float x) const { return normed_ ? 1.f : bn_act_grad_factor(act_, x, slope_); }

 private:
  Act act_;
  float slope_;
  bool normed_;
  Four mean_, scale_, beta_;
};

}  // namespace duel::one_output
