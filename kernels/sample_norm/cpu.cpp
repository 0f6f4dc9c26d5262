// sample_norm_fwd on the CPU. x is read twice and y written once. The statistics of a layer are those of a single channel of c times as
// many rows, so both kinds are the same loops.
#include "kernels/batch_norm/cpu_moments.h"
#include "kernels/sample_norm/cpu_pieces.h"

namespace duel {
namespace {

Lanes statistic_lanes(const SampleNormProblem& p) { return p.over == NormOver::layer ? lanes_of(1, p.inner) : lanes_of(p); }

// Scratch: double moments[n][chunks][2][statistics of a sample], then float lines: gamma, beta [2][width].
int64_t moments_of(const SampleNormProblem& p, const Lanes& s) { return p.n * s.chunks * 2 * s.c; }
size_t scratch(const SampleNormProblem& p) {
  return static_cast<size_t>(moments_of(p, statistic_lanes(p))) * sizeof(double) +
         2 * static_cast<size_t>(lanes_of(p).width) * sizeof(float);
}

template <class T>
void find_statistics(const SampleNormProblem& p, const T* x, double* moments, float* mean, float* invstd) {
  const Lanes s = statistic_lanes(p);
  const int64_t stride = 2 * int64_t{s.c};
  each_piece(s, p.n, [&](int64_t sample, int64_t begin, int64_t end, int64_t piece) {
    chunk_moments(s, x + sample * p.inner + begin * s.c, end - begin, moments + piece * stride);
  });
  each_sample(p.n, s.chunks * stride, [&](int64_t sample) {
    double* own = moments + sample * s.chunks * stride;
    for (int64_t j = 0; s.chunks > 1 && j < s.c; j += joined_channels) join_chunks(s, own, j, std::min(j + joined_channels, int64_t{s.c}));
    for (int64_t j = 0; j < s.c; ++j) {
      const double deviations = std::max(own[s.c + j], 0.0);  // equal numbers can leave a rounding error below zero
      mean[sample * s.c + j] = static_cast<float>(own[j]);
      invstd[sample * s.c + j] = static_cast<float>(bn_invstd(deviations / static_cast<double>(s.rows), p.eps));
    }
  });
}

// y = act((x − mean)·gamma·invstd + beta), with gamma and beta along a line.
template <Act act, bool layer, class T>
void apply(const SampleNormProblem& p, const T* all_x, const float* __restrict gamma, const float* __restrict beta, const float* all_mean,
           const float* all_invstd, T* all_y) {
  const Lanes l = lanes_of(p);
  const float slope = static_cast<float>(p.slope);
  each_piece(l, p.n, [&](int64_t sample, int64_t begin, int64_t end, int64_t) {
    StatisticLine mean_line, invstd_line;
    const float* __restrict mean = mean_line.of(p, l, all_mean, sample);
    const float* __restrict invstd = invstd_line.of(p, l, all_invstd, sample);
    const float one_mean = mean[0], one_invstd = invstd[0];
    for (int64_t r = begin; r < end; r += l.group) {
      const T* __restrict x = all_x + sample * p.inner + r * l.c;
      T* __restrict y = all_y + sample * p.inner + r * l.c;
      const int width = static_cast<int>(std::min<int64_t>(l.group, end - r)) * l.c;
#pragma GCC ivdep  // not omp simd: its copies of the temporary bf16 would keep g++ from vectorising
      for (int i = 0; i < width; ++i) {
        const float m = layer ? one_mean : mean[i], scale = gamma[i] * (layer ? one_invstd : invstd[i]);
        y[i] = static_cast<T>(act_forward<act>(bn_affine(static_cast<float>(x[i]), m, scale, beta[i]), slope));
      }
    }
  });
}

template <class T>
void fwd(const SampleNormProblem& p, const SampleNormFwd::Args& a, double* moments) {
  const Lanes l = lanes_of(p);
  const T* x = static_cast<const T*>(a.x);
  float *mean = static_cast<float*>(a.mean), *invstd = static_cast<float*>(a.invstd);
  find_statistics(p, x, moments, mean, invstd);
  float* gamma = reinterpret_cast<float*>(moments + moments_of(p, statistic_lanes(p)));
  float* beta = gamma + l.width;
  spread(l, static_cast<const float*>(a.gamma), gamma);
  spread(l, static_cast<const float*>(a.beta), beta);
  with_constants(p, [&](auto act, auto layer) {
    apply<decltype(act)::value, decltype(layer)::value>(p, x, gamma, beta, mean, invstd, static_cast<T*>(a.y));
  });
}

void run(const SampleNormProblem& p, const SampleNormFwd::Args& a, Scratch scratch, Stream) {
  double* moments = static_cast<double*>(scratch.data);
  if (p.dtype == DType::bf16) fwd<bf16>(p, a, moments);
  else fwd<float>(p, a, moments);
}

KERNEL_VARIANT(SampleNormFwd, lanes, 1, supports, scratch, run);

}  // namespace
}  // namespace duel
