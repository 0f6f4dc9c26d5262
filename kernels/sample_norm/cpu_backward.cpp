// sample_norm_bwd on the CPU: one pass over x and gy for two sums a sample and channel, from which every result follows, and a second for
// gx. Samples of one piece are added up several a task while their sums are in the cache: behind a linear layer there are as many sums as
// elements.
#include "kernels/batch_norm/cpu_gradient_sums.h"
#include "kernels/sample_norm/cpu_pieces.h"

namespace duel {
namespace {

// Sums of [2][c], one beside the other. Their slots: where a sample is one piece, two for each task of several samples; else one for each
// piece.
struct Slots {
  int64_t count;  // whose sums are those of all samples
  int64_t step;   // from one of them to the next, in slots
};
Slots slots_of(const SampleNormProblem& p, const Lanes& l) {
  return l.chunks == 1 ? Slots{chunks_of(p.n, together(l)), 2} : Slots{p.n, l.chunks};
}

// Scratch: double sums[slots][2][c], then float: gamma and beta along a line [2][width], mean(gamma·ĝ) and mean(gamma·ĝ·x̂) [2][statistics].
int64_t sums_of(const SampleNormProblem& p, const Lanes& l) { return slots_of(p, l).count * slots_of(p, l).step * 2 * l.c; }
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
  const auto norm_of = [&](int lane) {
    const float mean = means[layer ? 0 : lane], invstd = invstds[layer ? 0 : lane];
    return LaneNorm{mean, invstd, pass.gamma[lane] * invstd, pass.beta[lane]};
  };
  gradient_sums<act>(l, x, gy, rows, static_cast<float>(pass.p.slope), norm_of, sums);
}

// The means that gx wants, from one sample's sums.
void find_means(const Pass& pass, const double* sums, int64_t sample) {
  const SampleNormProblem& p = pass.p;
  const double terms = static_cast<double>(p.terms());
  double sum = 0, sum_normal = 0;
  for (int64_t j = 0; j < p.c; ++j) {
    const double g = pass.gamma[j] * sums[j], gx = pass.gamma[j] * sums[p.c + j];
    if (p.over == NormOver::layer) sum += g, sum_normal += gx;
    else pass.mean_g[sample * p.c + j] = static_cast<float>(g / terms), pass.mean_gx[sample * p.c + j] = static_cast<float>(gx / terms);
  }
  if (p.over == NormOver::layer)
    pass.mean_g[sample] = static_cast<float>(sum / terms), pass.mean_gx[sample] = static_cast<float>(sum_normal / terms);
}

// f(sample, first row, past row, sums) fills one piece's sums. All means, and the slots' sums, follow.
template <class F>
void find_sums(const Pass& pass, double* sums, F&& f) {
  const Lanes& l = pass.l;
  const int64_t n = pass.p.n, size = 2 * int64_t{l.c};
  if (l.chunks == 1) {
    parallel_chunks(n, together(l), [&](int64_t begin, int64_t end, int64_t task) {
      double *total = sums + task * 2 * size, *own = total + size;
      std::fill(total, total + size, 0.0);
      for (int64_t sample = begin; sample < end; ++sample) {
        f(sample, int64_t{0}, l.rows, own);
        find_means(pass, own, sample);
        for (int64_t j = 0; j < size; ++j) total[j] += own[j];
      }
    });
    return;
  }
  each_piece(l, n, [&](int64_t sample, int64_t begin, int64_t end, int64_t piece) { f(sample, begin, end, sums + piece * size); });
  each_sample(n, l.chunks * size, [&](int64_t sample) {
    double* own = sums + sample * l.chunks * size;
    for (int64_t k = 1; k < l.chunks; ++k)
      for (int64_t j = 0; j < size; ++j) own[j] += own[k * size + j];
    find_means(pass, own, sample);
  });
}

// The slots' sums, added in order.
void add_slots(const Pass& pass, const double* sums, float* gbeta, float* ggamma) {
  const int64_t c = pass.p.c;
  const Slots slots = slots_of(pass.p, pass.l);
  parallel_chunks(c, 16, [&](int64_t begin, int64_t end, int64_t) {
    double sum[16] = {}, sum_normal[16] = {};
    for (int64_t slot = 0; slot < slots.count; ++slot)
      for (int64_t j = begin; j < end; ++j) {
        sum[j - begin] += sums[slot * slots.step * 2 * c + j];
        sum_normal[j - begin] += sums[slot * slots.step * 2 * c + c + j];
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
    find_sums(pass, sums, [&](int64_t sample, int64_t begin, int64_t end, double* own) {
      StatisticLine mean, invstd;
      const int64_t first = sample * p.inner + begin * l.c;
      piece_sums<act, layer>(l, x + first, gy + first, end - begin, pass, mean.of(p, l, pass.mean, sample),
                             invstd.of(p, l, pass.invstd, sample), own);
    });
    add_slots(pass, sums, static_cast<float*>(a.gbeta), static_cast<float*>(a.ggamma));
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
