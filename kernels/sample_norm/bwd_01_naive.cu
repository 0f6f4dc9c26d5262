// sample_norm_bwd, rung 1: four launches. (1) One thread a sample and channel adds up ĝ and ĝ·x̂ over its positions. From those, in double
// and in order: (2) one thread a statistic finds the means that gx wants, (3) one thread a channel adds up the samples. (4) One thread an
// element makes gx. Bounded by memory: x and gy are read twice, the first time by too few threads where n·c is small.
#include "kernels/batch_norm/functions.h"
#include "kernels/launch.h"
#include "kernels/sample_norm/sample_norm.h"

namespace duel {
namespace {

bool supports(const SampleNormProblem& p) { return is_floating(p.dtype) && bn_supports_act(p.act); }

// double[n][2][c] of sums, and behind them mean(gamma·ĝ) and mean(gamma·ĝ·x̂), [2][statistics].
size_t scratch_bytes(const SampleNormProblem& p) {
  return static_cast<size_t>(p.n * 2 * p.c) * sizeof(double) + static_cast<size_t>(2 * p.statistics()) * size_of(accumulator_of(p.dtype));
}

template <class T>
struct Inputs {
  const T *x, *gy;
  const accumulator_t<T>*gamma, *beta, *mean, *invstd;
};

// ĝ of element i, which is channel c's and has statistic s.
template <class T>
HD accumulator_t<T> gated(const SampleNormProblem& p, const Inputs<T>& in, int64_t i, int64_t c, int64_t s) {
  using A = accumulator_t<T>;
  const A v = bn_affine(static_cast<A>(in.x[i]), in.mean[s], mul_rn(in.gamma[c], in.invstd[s]), in.beta[c]);
  return static_cast<A>(in.gy[i]) * act_grad_factor(p.act, v, static_cast<A>(p.slope));
}
template <class T>
HD accumulator_t<T> normal(const Inputs<T>& in, int64_t i, int64_t s) {
  return (static_cast<accumulator_t<T>>(in.x[i]) - in.mean[s]) * in.invstd[s];
}

template <class T>
__global__ void sums_naive(SampleNormProblem p, Inputs<T> in, double* partial) {
  using A = accumulator_t<T>;
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= p.n * p.c) return;
  const int64_t sample = i / p.c, c = i % p.c, s = p.statistic(sample, c);
  A sum = 0, sum_normal = 0;
  for (int64_t j = sample * p.inner + c; j < (sample + 1) * p.inner; j += p.c) {
    const A g = gated(p, in, j, c, s);
    sum += g;
    sum_normal += g * normal(in, j, s);
  }
  partial[sample * 2 * p.c + c] = static_cast<double>(sum);
  partial[sample * 2 * p.c + p.c + c] = static_cast<double>(sum_normal);
}

template <class A>
__global__ void means_naive(SampleNormProblem p, const double* partial, const A* gamma, A* means) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= p.statistics()) return;
  const bool layer = p.over == NormOver::layer;
  const int64_t sample = layer ? i : i / p.c, first = layer ? 0 : i % p.c, past = layer ? p.c : first + 1;
  double sum = 0, sum_normal = 0;
  for (int64_t c = first; c < past; ++c) {
    sum += static_cast<double>(gamma[c]) * partial[sample * 2 * p.c + c];
    sum_normal += static_cast<double>(gamma[c]) * partial[sample * 2 * p.c + p.c + c];
  }
  means[i] = static_cast<A>(sum / static_cast<double>(p.terms()));
  means[p.statistics() + i] = static_cast<A>(sum_normal / static_cast<double>(p.terms()));
}

template <class A>
__global__ void channels_naive(SampleNormProblem p, const double* partial, A* gbeta, A* ggamma) {
  const int64_t c = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (c >= p.c) return;
  double sum = 0, sum_normal = 0;
  for (int64_t sample = 0; sample < p.n; ++sample) {
    sum += partial[sample * 2 * p.c + c];
    sum_normal += partial[sample * 2 * p.c + p.c + c];
  }
  gbeta[c] = static_cast<A>(sum);
  ggamma[c] = static_cast<A>(sum_normal);
}

template <class T>
__global__ void gx_naive(SampleNormProblem p, Inputs<T> in, const accumulator_t<T>* means, T* gx) {
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.count(); i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t c = i % p.c, s = p.statistic(i / p.inner, c);
    const accumulator_t<T> rest = in.gamma[c] * gated(p, in, i, c, s) - means[s];
    gx[i] = static_cast<T>(in.invstd[s] * (rest - normal(in, i, s) * means[p.statistics() + s]));
  }
}

void run(const SampleNormProblem& p, const SampleNormBwd::Args& a, Scratch scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    double* partial = static_cast<double*>(scratch.data);
    A* means = reinterpret_cast<A*>(partial + p.n * 2 * p.c);
    const Inputs<T> in{static_cast<const T*>(a.x),    static_cast<const T*>(a.gy),   static_cast<const A*>(a.gamma),
                       static_cast<const A*>(a.beta), static_cast<const A*>(a.mean), static_cast<const A*>(a.invstd)};
    launch({.grid = blocks_for(p.n * p.c, 128), .block = 128}, stream, sums_naive<T>, p, in, partial);
    launch({.grid = blocks_for(p.statistics(), 32), .block = 32}, stream, means_naive<A>, p, partial, in.gamma, means);
    launch({.grid = blocks_for(p.c, 32), .block = 32}, stream, channels_naive<A>, p, partial, static_cast<A*>(a.gbeta),
           static_cast<A*>(a.ggamma));
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, gx_naive<T>, p, in, means, static_cast<T*>(a.gx));
  });
}

KERNEL_VARIANT(SampleNormBwd, naive, 1, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
