// sample_norm_double_bwd on the CPU: a task takes samples one after the other, each twice while it is in the cache: once for five sums a
// channel, from which the means follow, and once for by_x and by_gy. A sample is never cut, so one alone is one thread's.
#include "kernels/sample_norm/cpu_pieces.h"

namespace duel {
namespace {

enum Sum { of_g, of_g_normal, of_u, of_u_normal, of_ug, sums };  // g = gy·act′; the means are those of h = gamma·g in g's place

int64_t samples_a_task(const SampleNormProblem& p) { return std::max<int64_t>(1, chunk_elements / p.inner); }
int64_t tasks_of(const SampleNormProblem& p) { return chunks_of(p.n, samples_a_task(p)); }

// Scratch: of each task double [1 + sums][c], by_gamma's sum and those of a sample, then float: gamma and beta along a line [2][width], and
// of each task the means [sums][statistics of a sample].
int64_t statistics_of_sample(const SampleNormProblem& p) { return p.over == NormOver::layer ? 1 : p.c; }
int64_t doubles_of(const SampleNormProblem& p) { return tasks_of(p) * (1 + sums) * p.c; }
size_t scratch(const SampleNormProblem& p) {
  return static_cast<size_t>(doubles_of(p)) * sizeof(double) +
         static_cast<size_t>(2 * lanes_of(p).width + tasks_of(p) * sums * statistics_of_sample(p)) * sizeof(float);
}

template <class T>
struct Sample {
  const T *x, *gy, *u;
  const float *gamma, *beta, *mean, *invstd;  // along a line; of a layer's statistics one value
};

// The sums of each channel over a sample, into total[sums][c].
template <Act act, bool layer, class T>
void sample_sums(const Lanes& l, const Sample<T>& in, float slope, double* total) {
  constexpr int tile = 32;
  std::fill(total, total + sums * int64_t{l.c}, 0.0);
  for (int64_t first = 0; first < l.rows; first += l.chunk_rows) {
    const int64_t begin = first * l.c, end = std::min(l.rows, first + l.chunk_rows) * l.c;
    for (int j = 0; j < l.width; j += tile) {
      const int size = std::min(tile, l.width - j);
      alignas(64) float sum[sums][tile] = {};
      alignas(64) float mean[tile] = {}, invstd[tile] = {}, scale[tile] = {}, beta[tile] = {};
      for (int i = 0; i < size; ++i) {
        mean[i] = in.mean[layer ? 0 : j + i], invstd[i] = in.invstd[layer ? 0 : j + i];
        scale[i] = in.gamma[j + i] * invstd[i], beta[i] = in.beta[j + i];
      }
      const auto add = [&](int64_t at, int count) {
        const T* __restrict x = in.x + at, * __restrict gy = in.gy + at, * __restrict of = in.u + at;
#pragma omp simd
        for (int i = 0; i < count; ++i) {
          const float v = static_cast<float>(x[i]), u = static_cast<float>(of[i]), normal = (v - mean[i]) * invstd[i];
          const float g = static_cast<float>(gy[i]) * act_grad_factor<act>(bn_affine(v, mean[i], scale[i], beta[i]), slope);
          sum[of_g][i] += g, sum[of_g_normal][i] += g * normal;
          sum[of_u][i] += u, sum[of_u_normal][i] += u * normal, sum[of_ug][i] += u * g;
        }
      };
      for (int64_t at = begin + j; at < end; at += l.width) {
        const int64_t left = std::min<int64_t>(size, end - at);
        if (left == tile) add(at, tile);
        else add(at, static_cast<int>(left));
      }
      for (int i = 0; i < size; ++i)
        for (int k = 0; k < sums; ++k) total[k * l.c + (j + i) % l.c] += sum[k][i];
    }
  }
}

// The means [sums][statistics of a sample] from its sums, and what it adds to by_gamma.
void find_means(const SampleNormProblem& p, const double* total, const float* gamma, const float* invstd, float* means, double* by_gamma) {
  const int64_t statistics = statistics_of_sample(p);
  const double terms = static_cast<double>(p.terms());
  for (int k = 0; k < sums; ++k) {
    const bool with_gamma = k == of_g || k == of_g_normal || k == of_ug;
    double over_all = 0;
    for (int64_t j = 0; j < p.c; ++j) {
      const double sum = (with_gamma ? gamma[j] : 1.0) * total[k * p.c + j];
      if (statistics == 1) over_all += sum;
      else means[k * statistics + j] = static_cast<float>(sum / terms);
    }
    if (statistics == 1) means[k] = static_cast<float>(over_all / terms);
  }
  for (int64_t j = 0; j < p.c; ++j) {
    const int64_t s = statistics == 1 ? 0 : j;
    const double u = means[of_u * statistics + s], u_normal = means[of_u_normal * statistics + s];
    by_gamma[j] += invstd[s] * (total[of_ug * p.c + j] - u * total[of_g * p.c + j] - u_normal * total[of_g_normal * p.c + j]);
  }
}

template <Act act, bool layer, class T>
void results(const SampleNormProblem& p, const Lanes& l, const Sample<T>& in, const float* means, T* to_x, T* to_gy) {
  const float slope = static_cast<float>(p.slope);
  StatisticLine lines[sums];
  const auto line = [&](Sum k) { return lines[k].of(p, l, means + k * statistics_of_sample(p), 0); };
  const float *h = line(of_g), *h_normal = line(of_g_normal), *u = line(of_u), *u_normal = line(of_u_normal), *uh = line(of_ug);
  const float m0 = in.mean[0], s0 = in.invstd[0], h0 = h[0], a0 = h_normal[0], u0 = u[0], b0 = u_normal[0], uh0 = uh[0];  // a layer's
  for (int64_t r = 0; r < l.rows; r += l.group) {
    const T* __restrict x = in.x + r * l.c, * __restrict gy = in.gy + r * l.c, * __restrict of = in.u + r * l.c;
    T* __restrict by_x = to_x + r * l.c, * __restrict by_gy = to_gy + r * l.c;
    const float* __restrict gamma = in.gamma, * __restrict beta = in.beta, * __restrict mean = in.mean, * __restrict invstd = in.invstd;
    const int width = static_cast<int>(std::min<int64_t>(l.group, l.rows - r)) * l.c;
#pragma GCC ivdep
    for (int i = 0; i < width; ++i) {
      const float m = layer ? m0 : mean[i], s = layer ? s0 : invstd[i];
      const float v = static_cast<float>(x[i]), normal = (v - m) * s;
      const float factor = act_grad_factor<act>(bn_affine(v, m, gamma[i] * s, beta[i]), slope);
      const float mean_u = layer ? u0 : u[i], mean_h = layer ? h0 : h[i], a = layer ? a0 : h_normal[i], b = layer ? b0 : u_normal[i];
      const float centred = static_cast<float>(of[i]) - mean_u;
      by_gy[i] = static_cast<T>(gamma[i] * factor * s * (centred - normal * b));
      const float along = (layer ? uh0 : uh[i]) - mean_u * mean_h - 3 * a * b;
      by_x[i] = static_cast<T>(-s * s * (a * centred + b * (gamma[i] * static_cast<float>(gy[i]) * factor - mean_h) + normal * along));
    }
  }
}

template <class T>
void double_bwd(const SampleNormProblem& p, const SampleNormDoubleBwd::Args& a, double* memory) {
  const Lanes l = lanes_of(p);
  const auto given = [](const void* from) { return static_cast<const float*>(from); };
  float* gamma = reinterpret_cast<float*>(memory + doubles_of(p));
  float *beta = gamma + l.width, *all_means = beta + l.width;
  spread(l, given(a.gamma), gamma);
  spread(l, given(a.beta), beta);
  with_constants(p, [&](auto act_constant, auto layer_constant) {
    constexpr Act act = decltype(act_constant)::value;
    constexpr bool layer = decltype(layer_constant)::value;
    parallel_chunks(p.n, samples_a_task(p), [&](int64_t begin, int64_t end, int64_t task) {
      double *by_gamma = memory + task * (1 + sums) * p.c, *total = by_gamma + p.c;
      float* means = all_means + task * sums * statistics_of_sample(p);
      std::fill(by_gamma, by_gamma + p.c, 0.0);
      for (int64_t sample = begin; sample < end; ++sample) {
        StatisticLine mean, invstd;
        const int64_t first = sample * p.inner;
        const Sample<T> in{
            static_cast<const T*>(a.x) + first,   static_cast<const T*>(a.gy) + first,     static_cast<const T*>(a.u) + first, gamma, beta,
            mean.of(p, l, given(a.mean), sample), invstd.of(p, l, given(a.invstd), sample)};
        sample_sums<act, layer>(l, in, static_cast<float>(p.slope), total);
        find_means(p, total, given(a.gamma), given(a.invstd) + p.statistic(sample, 0), means, by_gamma);
        results<act, layer>(p, l, in, means, static_cast<T*>(a.by_x) + first, static_cast<T*>(a.by_gy) + first);
      }
    });
  });
  for (int64_t j = 0; j < p.c; ++j) {
    double sum = 0;
    for (int64_t task = 0; task < tasks_of(p); ++task) sum += memory[task * (1 + sums) * p.c + j];
    static_cast<float*>(a.by_gamma)[j] = static_cast<float>(sum);
  }
}

void run(const SampleNormProblem& p, const SampleNormDoubleBwd::Args& a, Scratch memory, Stream) {
  double* doubles = static_cast<double*>(memory.data);
  if (p.dtype == DType::bf16) double_bwd<bf16>(p, a, doubles);
  else double_bwd<float>(p, a, doubles);
}

KERNEL_VARIANT(SampleNormDoubleBwd, lanes, 1, supports, scratch, run);

}  // namespace
}  // namespace duel
