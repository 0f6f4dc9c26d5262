// sample_norm_bwd on the CPU: one pass over x and gy for two sums a sample and channel, from which every result follows, and a second for
// gx.
#include "kernels/sample_norm/cpu_pieces.h"

namespace duel {
namespace {

// Scratch: double sums[n][chunks][2][c], then float: gamma and beta along a line [2][width], mean(gamma·ĝ) and mean(gamma·ĝ·x̂)
// [2][statistics].
int64_t sums_of(const SampleNormProblem& p, const Lanes& l) { return p.n * l.chunks * 2 * l.c; }
size_t scratch(const SampleNormProblem& p) {
  const Lanes l = lanes_of(p);
  return static_cast<size_t>(sums_of(p, l)) * sizeof(double) + 2 * static_cast<size_t>(l.width + p.statistics()) * sizeof(float);
}

struct Pass {
  SampleNormProblem p;
  Lanes l;
  const float *gamma, *beta;   // along a line
  const float *mean, *invstd;  // all statistics
  float *mean_g, *mean_gx;     // of gamma·ĝ and gamma·ĝ·x̂; all statistics
};

// Σ ĝ and Σ ĝ·x̂ of each channel over a piece's rows, into sums[2][c].
template <Act act, bool layer, class T>
void piece_sums(const Lanes& l, const T* __restrict x, const T* __restrict gy, int64_t rows, const Pass& pass, const float* means,
                const float* invstds, double* __restrict sums) {
  std::fill(sums, sums + 2 * l.c, 0.0);
  const int64_t lines = chunks_of(rows, l.group);
  const float slope = static_cast<float>(pass.p.slope);
  each_tile(l.width, [&](int j, auto size) {
    alignas(64) float sum[tile], sum_normal[tile], mean[tile], invstd[tile], scale[tile], beta[tile];
    for (int i = 0; i < size; ++i) {
      sum[i] = sum_normal[i] = 0;
      mean[i] = means[layer ? 0 : j + i], invstd[i] = invstds[layer ? 0 : j + i];
      scale[i] = pass.gamma[j + i] * invstd[i], beta[i] = pass.beta[j + i];
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

// The chunks of each sample into its first; then the means that gx wants.
void find_means(const Pass& pass, const float* gamma, double* sums) {
  const SampleNormProblem& p = pass.p;
  const int64_t stride = 2 * p.c, chunks = pass.l.chunks;
  const double terms = static_cast<double>(p.terms());
  each_sample(p.n, chunks * stride, [&](int64_t sample) {
    double* own = sums + sample * chunks * stride;
    for (int64_t k = 1; k < chunks; ++k)
      for (int64_t j = 0; j < stride; ++j) own[j] += own[k * stride + j];
    double sum = 0, sum_normal = 0;
    for (int64_t j = 0; j < p.c; ++j) {
      const double g = gamma[j] * own[j], gx = gamma[j] * own[p.c + j];
      if (p.over == NormOver::layer) sum += g, sum_normal += gx;
      else pass.mean_g[sample * p.c + j] = static_cast<float>(g / terms), pass.mean_gx[sample * p.c + j] = static_cast<float>(gx / terms);
    }
    if (p.over == NormOver::layer)
      pass.mean_g[sample] = static_cast<float>(sum / terms), pass.mean_gx[sample] = static_cast<float>(sum_normal / terms);
  });
}

// The samples' sums, added in order.
void add_samples(const Pass& pass, const double* sums, float* gbeta, float* ggamma) {
  const int64_t c = pass.p.c, stride = pass.l.chunks * 2 * c;
  parallel_chunks(c, 16, [&](int64_t begin, int64_t end, int64_t) {
    double sum[16] = {}, sum_normal[16] = {};
    for (int64_t sample = 0; sample < pass.p.n; ++sample)
      for (int64_t j = begin; j < end; ++j) {
        sum[j - begin] += sums[sample * stride + j];
        sum_normal[j - begin] += sums[sample * stride + c + j];
      }
    for (int64_t j = begin; j < end; ++j)
      gbeta[j] = static_cast<float>(sum[j - begin]), ggamma[j] = static_cast<float>(sum_normal[j - begin]);
  });
}

template <Act act, bool layer, class T>
void apply(const Pass& pass, const T* all_x, const T* all_gy, T* all_gx) {
  const SampleNormProblem& p = pass.p;
  const Lanes& l = pass.l;
  const float slope = static_cast<float>(p.slope);
  each_piece(l, p.n, [&](int64_t sample, int64_t begin, int64_t end, int64_t) {
    StatisticLine lines[4];
    const float* __restrict gamma = pass.gamma, * __restrict beta = pass.beta;
    const float* __restrict mean = lines[0].of(p, l, pass.mean, sample), * __restrict invstd = lines[1].of(p, l, pass.invstd, sample);
    const float* __restrict mean_g = lines[2].of(p, l, pass.mean_g, sample);
    const float* __restrict mean_gx = lines[3].of(p, l, pass.mean_gx, sample);
    const float m0 = mean[0], s0 = invstd[0], g0 = mean_g[0], gx0 = mean_gx[0];  // a layer has no others
    for (int64_t r = begin; r < end; r += l.group) {
      const T* __restrict xs = all_x + sample * p.inner + r * l.c, * __restrict gs = all_gy + sample * p.inner + r * l.c;
      T* __restrict to = all_gx + sample * p.inner + r * l.c;
      const int width = static_cast<int>(std::min<int64_t>(l.group, end - r)) * l.c;
#pragma GCC ivdep  // not omp simd: its copies of the temporary bf16 would keep g++ from vectorising
      for (int i = 0; i < width; ++i) {
        const float centred = static_cast<float>(xs[i]) - (layer ? m0 : mean[i]), s = layer ? s0 : invstd[i];
        const float v = bn_affine(static_cast<float>(xs[i]), layer ? m0 : mean[i], gamma[i] * s, beta[i]);
        const float g = static_cast<float>(gs[i]) * act_grad_factor<act>(v, slope);
        to[i] = static_cast<T>(s * (gamma[i] * g - (layer ? g0 : mean_g[i]) - centred * s * (layer ? gx0 : mean_gx[i])));
      }
    }
  });
}

template <class T>
void bwd(const SampleNormProblem& p, const SampleNormBwd::Args& a, double* sums) {
  const Lanes l = lanes_of(p);
  const T *x = static_cast<const T*>(a.x), *gy = static_cast<const T*>(a.gy);
  float* gamma = reinterpret_cast<float*>(sums + sums_of(p, l));
  float *beta = gamma + l.width, *mean_g = beta + l.width, *mean_gx = mean_g + p.statistics();
  spread(l, static_cast<const float*>(a.gamma), gamma);
  spread(l, static_cast<const float*>(a.beta), beta);
  const Pass pass{p, l, gamma, beta, static_cast<const float*>(a.mean), static_cast<const float*>(a.invstd), mean_g, mean_gx};
  with_constants(p, [&](auto act_constant, auto layer_constant) {
    constexpr Act act = decltype(act_constant)::value;
    constexpr bool layer = decltype(layer_constant)::value;
    each_piece(l, p.n, [&](int64_t sample, int64_t begin, int64_t end, int64_t piece) {
      StatisticLine mean, invstd;
      const int64_t first = sample * p.inner + begin * l.c;
      piece_sums<act, layer>(l, x + first, gy + first, end - begin, pass, mean.of(p, l, pass.mean, sample),
                             invstd.of(p, l, pass.invstd, sample), sums + piece * 2 * l.c);
    });
    find_means(pass, static_cast<const float*>(a.gamma), sums);
    add_samples(pass, sums, static_cast<float*>(a.gbeta), static_cast<float*>(a.ggamma));
    apply<act, layer>(pass, x, gy, static_cast<T*>(a.gx));
  });
}

void run(const SampleNormProblem& p, const SampleNormBwd::Args& a, Scratch scratch, Stream) {
  double* sums = static_cast<double*>(scratch.data);
  if (p.dtype == DType::bf16) bwd<bf16>(p, a, sums);
  else bwd<float>(p, a, sums);
}

KERNEL_VARIANT(SampleNormBwd, lanes, 1, supports, scratch, run);

}  // namespace
}  // namespace duel
