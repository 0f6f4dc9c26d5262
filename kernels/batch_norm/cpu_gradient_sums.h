// The two sums that the backward pass of a norm is made of, on the CPU.
#pragma once
#include "kernels/batch_norm/cpu_lanes.h"

namespace duel {
namespace {

// What normalised a lane: x̂ = (x − mean)·invstd, y = act(scale·(x − mean) + beta).
struct LaneNorm {
  float mean, invstd, scale, beta;
};

// Σ ĝ and Σ ĝ·x̂ of each channel over `rows` rows, ĝ = gy·act′, into sums[2][c]. norm_of(lane) → LaneNorm.
template <Act act, class T, class NormOf>
void gradient_sums(const Lanes& l, const T* __restrict x, const T* __restrict gy, int64_t rows, float slope, NormOf&& norm_of,
                   double* __restrict sums) {
  std::fill(sums, sums + 2 * l.c, 0.0);
  const int64_t lines = chunks_of(rows, l.group);
  each_tile(l.width, [&](int j, auto size) {
    alignas(64) float sum[tile], sum_normal[tile], mean[tile], invstd[tile], scale[tile], beta[tile];
    for (int i = 0; i < size; ++i) {
      sum[i] = sum_normal[i] = 0;
      const LaneNorm n = norm_of(j + i);
      mean[i] = n.mean, invstd[i] = n.invstd, scale[i] = n.scale, beta[i] = n.beta;
    }
    auto add = [&](int64_t k, auto count) {
      const T* __restrict xs = x + k * l.width + j, * __restrict gs = gy + k * l.width + j;
#pragma omp simd
      for (int i = 0; i < count; ++i) {
        const float v = static_cast<float>(xs[i]);
        const float g = static_cast<float>(gs[i]) * act_grad_factor<act>(bn_affine(v, mean[i], scale[i], beta[i]), slope);
        sum[i] += g;
        sum_normal[i] += g * ((v - mean[i]) * invstd[i]);
      }
    };
    for (int64_t k = 0; k + 1 < lines; ++k) add(k, size);
    const int64_t left = rows * l.c - (lines - 1) * l.width - j;  // of the last line, which may be short
    if (left >= size) add(lines - 1, size);
    else if (left > 0) add(lines - 1, static_cast<int>(left));
    for (int i = 0; i < size; ++i) {
      const int c = l.group == 1 ? j + i : (j + i) % l.c;
      sums[c] += sum[i];
      sums[l.c + c] += sum_normal[i];
    }
  });
}

}  // namespace
}  // namespace duel
