// batch_norm_fwd, rung 1: three launches a group. (1) One thread a channel and chunk of rows finds the chunk's mean, then its sum of
// squared deviations; neighbouring threads read neighbouring channels. (2) One thread a channel joins the chunks in order, in double (Chan,
// Golub & LeVeque, 1983). (3) One thread an element normalises. Bounded by memory: x is read three times, twice of them by too few threads
// where c is small, and (2) is one long chain of loads.
#include "kernels/batch_norm/cuda_chunks.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const BatchNormProblem& p) { return is_floating(p.dtype) && bn_supports_act(p.act); }
size_t scratch_bytes(const BatchNormProblem& p) { return partial_bytes(p); }

template <class T>
__global__ void moments_naive(BatchNormProblem p, RowChunks r, const T* x, double* partial) {
  using A = accumulator_t<T>;
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= int64_t{r.chunks} * p.c) return;
  const int64_t chunk = i / p.c, c = i % p.c;
  const int64_t begin = chunk * r.rows, end = min(begin + r.rows, int64_t{p.rows});
  A sum = 0;
  for (int64_t row = begin; row < end; ++row) sum += static_cast<A>(x[row * p.c + c]);
  const A n = static_cast<A>(end - begin), shift = sum / n;
  A rest = 0, square = 0;  // what the rounded mean misses is added to it below
  for (int64_t row = begin; row < end; ++row) {
    const A d = static_cast<A>(x[row * p.c + c]) - shift;
    rest += d;
    square += d * d;
  }
  const double miss = static_cast<double>(rest) / static_cast<double>(n);
  partial[chunk * 2 * p.c + c] = static_cast<double>(shift) + miss;
  partial[chunk * 2 * p.c + p.c + c] = static_cast<double>(square) - static_cast<double>(rest) * miss;
}

template <class A>
__global__ void join_naive(BatchNormProblem p, RowChunks r, const double* partial, A* mean, A* invstd, A* running_mean, A* running_var) {
  const int64_t c = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (c >= p.c) return;
  const double rows = static_cast<double>(p.rows), whole = static_cast<double>(r.rows);
  const double last = static_cast<double>(p.rows - (r.chunks - 1) * r.rows);
  double sum = 0, deviations = 0;
  for (int64_t k = 0; k < r.chunks; ++k) sum += partial[k * 2 * p.c + c] * (k + 1 < r.chunks ? whole : last);
  const double average = sum / rows;
  for (int64_t k = 0; k < r.chunks; ++k) {
    const double d = partial[k * 2 * p.c + c] - average;
    deviations += partial[k * 2 * p.c + p.c + c] + d * d * (k + 1 < r.chunks ? whole : last);
  }
  if (deviations < 0) deviations = 0;  // equal numbers can leave a rounding error below zero
  mean[c] = static_cast<A>(average);
  invstd[c] = static_cast<A>(bn_invstd(deviations / rows, p.eps));
  if (running_mean) {
    running_mean[c] = static_cast<A>(bn_running_mean(p, running_mean[c], average));
    running_var[c] = static_cast<A>(bn_running_var(p, running_var[c], deviations));
  }
}

template <class T>
__global__ void normalise_naive(BatchNormProblem p, const T* x, const accumulator_t<T>* gamma, const accumulator_t<T>* beta,
                                const accumulator_t<T>* mean, const accumulator_t<T>* invstd, T* y) {
  using A = accumulator_t<T>;
  const A slope = static_cast<A>(p.slope);
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.count(); i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t c = i % p.c;
    y[i] = static_cast<T>(act_forward(p.act, bn_affine(static_cast<A>(x[i]), mean[c], mul_rn(gamma[c], invstd[c]), beta[c]), slope));
  }
}

void run_group(const BatchNormProblem& p, const BatchNormFwd::Args& a, Scratch scratch, Stream stream) {
  const RowChunks r = row_chunks(p.rows);
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    double* partial = static_cast<double*>(scratch.data);
    A *mean = static_cast<A*>(a.mean), *invstd = static_cast<A*>(a.invstd);
    launch({.grid = blocks_for(int64_t{r.chunks} * p.c, 128), .block = 128}, stream, moments_naive<T>, p, r, static_cast<const T*>(a.x),
           partial);
    launch({.grid = blocks_for(p.c, 32), .block = 32}, stream, join_naive<A>, p, r, partial, mean, invstd, static_cast<A*>(a.running_mean),
           static_cast<A*>(a.running_var));
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, normalise_naive<T>, p, static_cast<const T*>(a.x),
           static_cast<const A*>(a.gamma), static_cast<const A*>(a.beta), mean, invstd, static_cast<T*>(a.y));
  });
}

void run(const BatchNormProblem& p, const BatchNormFwd::Args& a, Scratch scratch, Stream stream) {
  for (int group = 0; group < p.groups; ++group) run_group(of_group(p), of_group(p, a, group), scratch, stream);
}

KERNEL_VARIANT(BatchNormFwd, naive, 1, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
