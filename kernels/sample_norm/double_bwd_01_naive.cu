// sample_norm_double_bwd, rung 1: four launches, as sample_norm_bwd's. (1) One thread a sample and channel adds up five products over its
// positions. From those, in double and in order: (2) one thread a statistic finds the means, (3) one thread a channel adds up by_gamma over
// the samples. (4) One thread an element makes by_x and by_gy. Bounded by memory: three tensors are read twice, the first time by too few
// threads where n·c is small.
#include "kernels/batch_norm/functions.h"
#include "kernels/launch.h"
#include "kernels/sample_norm/sample_norm.h"

namespace duel {
namespace {

bool supports(const SampleNormProblem& p) { return is_floating(p.dtype) && bn_supports_act(p.act); }

enum Sum { of_g, of_g_normal, of_u, of_u_normal, of_ug, sums };  // g = gy·act′; the means are those of h = gamma·g in g's place

// double[n][sums][c], and behind them the means [sums][statistics].
size_t scratch_bytes(const SampleNormProblem& p) {
  return static_cast<size_t>(p.n * sums * p.c) * sizeof(double) +
         static_cast<size_t>(sums * p.statistics()) * size_of(accumulator_of(p.dtype));
}

template <class T>
struct Inputs {
  const T *x, *gy, *u;
  const accumulator_t<T>*gamma, *beta, *mean, *invstd;
};
template <class A>
struct Element {
  A normal, slope, g, u;  // x̂, act′, gy·act′
};
// Element i, which is channel c's and has statistic s.
template <class T>
HD Element<accumulator_t<T>> element(const SampleNormProblem& p, const Inputs<T>& in, int64_t i, int64_t c, int64_t s) {
  using A = accumulator_t<T>;
  const A x = static_cast<A>(in.x[i]);
  const A slope = act_grad_factor(p.act, bn_affine(x, in.mean[s], mul_rn(in.gamma[c], in.invstd[s]), in.beta[c]), static_cast<A>(p.slope));
  return {(x - in.mean[s]) * in.invstd[s], slope, static_cast<A>(in.gy[i]) * slope, static_cast<A>(in.u[i])};
}

template <class T>
__global__ void sums_naive(SampleNormProblem p, Inputs<T> in, double* partial) {
  using A = accumulator_t<T>;
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= p.n * p.c) return;
  const int64_t sample = i / p.c, c = i % p.c, s = p.statistic(sample, c);
  A total[sums] = {};
  for (int64_t j = sample * p.inner + c; j < (sample + 1) * p.inner; j += p.c) {
    const Element<A> e = element(p, in, j, c, s);
    total[of_g] += e.g, total[of_g_normal] += e.g * e.normal;
    total[of_u] += e.u, total[of_u_normal] += e.u * e.normal, total[of_ug] += e.u * e.g;
  }
  for (int k = 0; k < sums; ++k) partial[(sample * sums + k) * p.c + c] = static_cast<double>(total[k]);
}

template <class A>
__global__ void means_naive(SampleNormProblem p, const double* partial, const A* gamma, A* means) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= p.statistics()) return;
  const bool layer = p.over == NormOver::layer;
  const int64_t sample = layer ? i : i / p.c, first = layer ? 0 : i % p.c, past = layer ? p.c : first + 1;
  for (int k = 0; k < sums; ++k) {
    const bool with_gamma = k == of_g || k == of_g_normal || k == of_ug;
    double sum = 0;
    for (int64_t c = first; c < past; ++c)
      sum += (with_gamma ? static_cast<double>(gamma[c]) : 1.0) * partial[(sample * sums + k) * p.c + c];
    means[k * p.statistics() + i] = static_cast<A>(sum / static_cast<double>(p.terms()));
  }
}

template <class A>
__global__ void channels_naive(SampleNormProblem p, const double* partial, const A* means, const A* invstd, A* by_gamma) {
  const int64_t c = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (c >= p.c) return;
  double sum = 0;
  for (int64_t sample = 0; sample < p.n; ++sample) {
    const int64_t s = p.statistic(sample, c);
    const double* of = partial + sample * sums * p.c + c;
    const double u = static_cast<double>(means[of_u * p.statistics() + s]);
    const double u_normal = static_cast<double>(means[of_u_normal * p.statistics() + s]);
    sum += static_cast<double>(invstd[s]) * (of[of_ug * p.c] - u * of[of_g * p.c] - u_normal * of[of_g_normal * p.c]);
  }
  by_gamma[c] = static_cast<A>(sum);
}

template <class T>
__global__ void results_naive(SampleNormProblem p, Inputs<T> in, const accumulator_t<T>* means, T* by_x, T* by_gy) {
  using A = accumulator_t<T>;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.count(); i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t c = i % p.c, s = p.statistic(i / p.inner, c);
    const Element<A> e = element(p, in, i, c, s);
    const auto mean = [&](Sum k) { return means[k * p.statistics() + s]; };
    const A a = mean(of_g_normal), b = mean(of_u_normal), centred = e.u - mean(of_u);
    by_gy[i] = static_cast<T>(in.gamma[c] * e.slope * in.invstd[s] * (centred - e.normal * b));
    const A along = mean(of_ug) - mean(of_u) * mean(of_g) - 3 * a * b;
    by_x[i] = static_cast<T>(-in.invstd[s] * in.invstd[s] * (a * centred + b * (in.gamma[c] * e.g - mean(of_g)) + e.normal * along));
  }
}

void run(const SampleNormProblem& p, const SampleNormDoubleBwd::Args& a, Scratch scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    double* partial = static_cast<double*>(scratch.data);
    A* means = reinterpret_cast<A*>(partial + p.n * sums * p.c);
    const Inputs<T> in{static_cast<const T*>(a.x),     static_cast<const T*>(a.gy),   static_cast<const T*>(a.u),
                       static_cast<const A*>(a.gamma), static_cast<const A*>(a.beta), static_cast<const A*>(a.mean),
                       static_cast<const A*>(a.invstd)};
    launch({.grid = blocks_for(p.n * p.c, 128), .block = 128}, stream, sums_naive<T>, p, in, partial);
    launch({.grid = blocks_for(p.statistics(), 32), .block = 32}, stream, means_naive<A>, p, partial, in.gamma, means);
    launch({.grid = blocks_for(p.c, 32), .block = 32}, stream, channels_naive<A>, p, partial, means, in.invstd,
           static_cast<A*>(a.by_gamma));
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, results_naive<T>, p, in, means, static_cast<T*>(a.by_x),
           static_cast<T*>(a.by_gy));
  });
}

KERNEL_VARIANT(SampleNormDoubleBwd, naive, 1, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
