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

inline bool loads_as_is(const NormedConv2dProblem& p) { return !p.norm && p.act == Act::none; }

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

  // Of four channels.
  struct Parameters {
    Pack<float, 4> mean, scale, beta;
  };
  // Of a chunk's channels. The chunks that a thread has of a step are of the same channels, and nearly always of one group.
  template <class T>
  struct Kept {
    int of = -1;
    Parameters fours[chunk_elements<T> / 4];
  };

  // The chunk at `at` holds channels from `channel` on of a pixel of this image.
  template <class T>
  __device__ void operator()(T* at, int image, int channel, Kept<T>& kept) const {
    if (const int of = place(image, channel); mean_ && kept.of != of) {
      kept.of = of;
#pragma unroll
      for (int i = 0; i < chunk_elements<T> / 4; ++i) kept.fours[i] = read(of + 4 * i, channel + 4 * i);
    }
    normalise(at, [&](int i) -> const Parameters& { return kept.fours[i]; });
  }
  // By a thread that has no registers to spare: nothing is kept.
  template <class T>
  __device__ void operator()(T* at, int image, int channel) const {
    const int of = place(image, channel);
    normalise(at, [&](int i) { return read(of + 4 * i, channel + 4 * i); });
  }

 private:
  // Of the channel in [groups, channels].
  __device__ int place(int image, int channel) const { return (grouped_ ? images_.quotient(image) * channels_ : 0) + channel; }

  __device__ Parameters read(int of, int channel) const {
    const auto gamma = load_vec<Pack<float, 4>>(gamma_ + channel), invstd = load_vec<Pack<float, 4>>(invstd_ + of);
    Parameters four{load_vec<Pack<float, 4>>(mean_ + of), {}, load_vec<Pack<float, 4>>(beta_ + channel)};
#pragma unroll
    for (int i = 0; i < 4; ++i) four.scale.at[i] = mul_rn(gamma.at[i], invstd.at[i]);
    return four;
  }

  // parameters(i) → those of the chunk's i-th four channels.
  template <class T, class F>
  __device__ void normalise(T* at, F parameters) const {
    auto values = load_vec<Pack<T, chunk_elements<T>>>(at);
    if (mean_) {
#pragma unroll
      for (int i = 0; i < chunk_elements<T> / 4; ++i) {
        const Parameters& four = parameters(i);
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          T& value = values.at[4 * i + e];
          value = static_cast<T>(
              bn_act_forward(act_, bn_affine(static_cast<float>(value), four.mean.at[e], four.scale.at[e], four.beta.at[e]), slope_));
        }
      }
    } else {
#pragma unroll
      for (T& value : values.at) value = static_cast<T>(bn_act_forward(act_, static_cast<float>(value), slope_));
    }
    store_vec(at, values);
  }

  Act act_;
  float slope_;
  int channels_;
  bool grouped_;
  Divisor images_;  // of a group
  const float *mean_, *invstd_, *gamma_, *beta_;
};

}  // namespace duel
