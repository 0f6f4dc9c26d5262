// batch_norm_bwd on the CPU: one pass over x and gy for the two sums a channel, a second for gx.
#include "kernels/batch_norm/cpu_gradient_sums.h"

namespace duel {
namespace {

bool supports(const BatchNormProblem& p) { return (p.dtype == DType::f32 || p.dtype == DType::bf16) && bn_supports_act(p.act); }

// Scratch: double sums[chunks][2][c], then float lines [6][width] and channels [3][c].
size_t scratch(const BatchNormProblem& p) {
  const Lanes l = lanes_of(p);
  return size_t(l.chunks) * 2 * size_t(l.c) * sizeof(double) + (6 * size_t(l.width) + 3 * size_t(l.c)) * sizeof(float);
}

struct Lines {
  const float *mean, *invstd, *scale, *beta, *mean_g, *mean_gx;  // along a line; the last two are mean(ĝ) and mean(ĝ·x̂)
  float slope;
};

// Σ ĝ and Σ ĝ·x̂ of a chunk into sums[2][c].
template <Act act, class T>
void chunk_sums(const Lanes& l, const T* __restrict x, const T* __restrict gy, int64_t rows, const Lines& p, double* __restrict sums) {
  const auto norm_of = [&](int lane) { return LaneNorm{p.mean[lane], p.invstd[lane], p.scale[lane], p.beta[lane]}; };
  gradient_sums<act>(l, x, gy, rows, p.slope, norm_of, sums);
}

template <Act act, class T>
void apply(const Lanes& l, const T* __restrict x, const T* __restrict gy, const Lines& p, T* __restrict gx) {
  parallel_chunks(l.rows, l.chunk_rows, [&](int64_t begin, int64_t end, int64_t) {
    const float* __restrict mean = p.mean, * __restrict invstd = p.invstd, * __restrict scale = p.scale, * __restrict beta = p.beta;
    const float* __restrict mean_g = p.mean_g, * __restrict mean_gx = p.mean_gx;
    const float slope = p.slope;
    for (int64_t r = begin; r < end; r += l.group) {
      const T* __restrict xs = x + r * l.c, * __restrict gs = gy + r * l.c;
      T* __restrict to = gx + r * l.c;
      const int width = static_cast<int>(std::min<int64_t>(l.group, end - r)) * l.c;
#pragma GCC ivdep  // not omp simd: its copies of the temporary bf16 would keep g++ from vectorising
      for (int i = 0; i < width; ++i) {
        const float v = static_cast<float>(xs[i]);
        const float g = static_cast<float>(gs[i]) * act_grad_factor<act>(bn_affine(v, mean[i], scale[i], beta[i]), slope);
        to[i] = static_cast<T>(scale[i] * (g - mean_g[i] - (v - mean[i]) * invstd[i] * mean_gx[i]));
      }
    }
  });
}

// The gradients by gamma and beta are added to what is there, but for the first group's.
template <class T>
void bwd(const BatchNormProblem& p, const BatchNormBwd::Args& a, bool first, double* sums) {
  const Lanes l = lanes_of(p);
  const T *x = static_cast<const T*>(a.x), *gy = static_cast<const T*>(a.gy);
  float* lines = reinterpret_cast<float*>(sums + l.chunks * 2 * l.c);
  float* channels = lines + 6 * int64_t{l.width};
  float* line[6];
  for (int i = 0; i < 6; ++i) line[i] = lines + i * int64_t{l.width};
  for (int j = 0; j < l.c; ++j) channels[j] = static_cast<const float*>(a.gamma)[j] * static_cast<const float*>(a.invstd)[j];
  spread(l, static_cast<const float*>(a.mean), line[0]);
  spread(l, static_cast<const float*>(a.invstd), line[1]);
  spread(l, channels, line[2]);
  spread(l, static_cast<const float*>(a.beta), line[3]);
  const Lines values{line[0], line[1], line[2], line[3], line[4], line[5], static_cast<float>(p.slope)};
  with_bn_act(p.act, [&](auto tag) {
    constexpr Act act = decltype(tag)::value;
    parallel_chunks(p.rows, l.chunk_rows, [&](int64_t begin, int64_t end, int64_t chunk) {
      chunk_sums<act>(l, x + begin * l.c, gy + begin * l.c, end - begin, values, sums + chunk * 2 * l.c);
    });
    add_chunks(l, sums);
    for (int j = 0; j < l.c; ++j) {
      float &gbeta = static_cast<float*>(a.gbeta)[j], &ggamma = static_cast<float*>(a.ggamma)[j];
      gbeta = static_cast<float>(first ? sums[j] : gbeta + sums[j]);
      ggamma = static_cast<float>(first ? sums[l.c + j] : ggamma + sums[l.c + j]);
      channels[l.c + j] = static_cast<float>(sums[j] / static_cast<double>(p.rows));
      channels[2 * l.c + j] = static_cast<float>(sums[l.c + j] / static_cast<double>(p.rows));
    }
    spread(l, channels + l.c, line[4]);
    spread(l, channels + 2 * l.c, line[5]);
    apply<act>(l, x, gy, values, static_cast<T*>(a.gx));
  });
}

void run(const BatchNormProblem& p, const BatchNormBwd::Args& a, Scratch scratch, Stream) {
  double* sums = static_cast<double*>(scratch.data);
  for (int group = 0; group < p.groups; ++group) {
    if (p.dtype == DType::bf16) bwd<bf16>(of_group(p), of_group(p, a, group), group == 0, sums);
    else bwd<float>(of_group(p), of_group(p, a, group), group == 0, sums);
  }
}

KERNEL_VARIANT(BatchNormBwd, lanes, 1, supports, scratch, run);

}  // namespace
}  // namespace duel
