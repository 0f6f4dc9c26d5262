// sample_norm_fwd, rung 1: three launches. (1) One thread a sample and channel finds the mean of its positions, then their sum of squared
// deviations; neighbouring threads read neighbouring channels. (2) One thread a statistic: for a layer it joins the channels in order, in
// double (Chan, Golub & LeVeque, 1983). (3) One thread an element normalises.
// Bounded by memory: x is read three times, twice of them by too few threads where n·c is small. Where there are fewer positions than
// channels, as behind a linear layer, (2) is one long chain of loads.
#include "kernels/batch_norm/functions.h"
#include "kernels/launch.h"
#include "kernels/sample_norm/sample_norm.h"

namespace duel {
namespace {

bool supports(const SampleNormProblem& p) { return is_floating(p.dtype) && bn_supports_act(p.act); }

// double[n][2][c]: double, because a mean rounded to f32 is off by more than a small deviation from a large mean allows.
size_t scratch_bytes(const SampleNormProblem& p) { return static_cast<size_t>(p.n * 2 * p.c) * sizeof(double); }

template <class T>
__global__ void moments_naive(SampleNormProblem p, const T* x, double* partial) {
  using A = accumulator_t<T>;
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= p.n * p.c) return;
  const int64_t sample = i / p.c, c = i % p.c;
  const T* own = x + sample * p.inner + c;
  A sum = 0;
  for (int64_t j = 0; j < p.inner; j += p.c) sum += static_cast<A>(own[j]);
  const A n = static_cast<A>(p.positions()), shift = sum / n;
  A rest = 0, square = 0;  // what the rounded mean misses is added to it below
  for (int64_t j = 0; j < p.inner; j += p.c) {
    const A d = static_cast<A>(own[j]) - shift;
    rest += d;
    square += d * d;
  }
  const double miss = static_cast<double>(rest) / static_cast<double>(n);
  partial[sample * 2 * p.c + c] = static_cast<double>(shift) + miss;
  partial[sample * 2 * p.c + p.c + c] = static_cast<double>(square) - static_cast<double>(rest) * miss;
}

template <class A>
__global__ void join_naive(SampleNormProblem p, const double* partial, A* mean, A* invstd) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= p.statistics()) return;
  const bool layer = p.over == NormOver::layer;
  const int64_t sample = layer ? i : i / p.c, first = layer ? 0 : i % p.c, past = layer ? p.c : first + 1;
  const double *means = partial + sample * 2 * p.c, *squares = means + p.c;
  double sum = 0, deviations = 0;
  for (int64_t c = first; c < past; ++c) sum += means[c];
  const double average = sum / static_cast<double>(past - first), positions = static_cast<double>(p.positions());
  for (int64_t c = first; c < past; ++c) {
    const double d = means[c] - average;
    deviations += squares[c] + d * d * positions;
  }
  if (deviations < 0) deviations = 0;  // equal numbers can leave a rounding error below zero
  mean[i] = static_cast<A>(average);
  invstd[i] = static_cast<A>(bn_invstd(deviations / static_cast<double>(p.terms()), p.eps));
}

template <class T>
__global__ void normalise_naive(SampleNormProblem p, const T* x, const accumulator_t<T>* gamma, const accumulator_t<T>* beta,
                                const accumulator_t<T>* mean, const accumulator_t<T>* invstd, T* y) {
  using A = accumulator_t<T>;
  const A slope = static_cast<A>(p.slope);
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.count(); i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t c = i % p.c, s = p.statistic(i / p.inner, c);
    y[i] = static_cast<T>(act_forward(p.act, bn_affine(static_cast<A>(x[i]), mean[s], mul_rn(gamma[c], invstd[s]), beta[c]), slope));
  }
}

void run(const SampleNormProblem& p, const SampleNormFwd::Args& a, Scratch scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    double* partial = static_cast<double*>(scratch.data);
    A *mean = static_cast<A*>(a.mean), *invstd = static_cast<A*>(a.invstd);
    launch({.grid = blocks_for(p.n * p.c, 128), .block = 128}, stream, moments_naive<T>, p, static_cast<const T*>(a.x), partial);
    launch({.grid = blocks_for(p.statistics(), 32), .block = 32}, stream, join_naive<A>, p, partial, mean, invstd);
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, normalise_naive<T>, p, static_cast<const T*>(a.x),
           static_cast<const A*>(a.gamma), static_cast<const A*>(a.beta), mean, invstd, static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(SampleNormFwd, naive, 1, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
