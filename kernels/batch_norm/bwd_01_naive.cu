// batch_norm_bwd, rung 1: three launches a group. (1) One thread a channel and chunk of rows adds up ĝ and ĝ·x̂. (2) One thread a channel
// adds up the chunks in order, in double. (3) One thread an element makes gx. Bounded by memory: x and gy are read twice, the first time by
// too few threads where c is small.
#include "kernels/batch_norm/cuda_chunks.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const BatchNormProblem& p) { return is_floating(p.dtype) && bn_supports_act(p.act); }

// Behind the chunks' partial sums: mean(ĝ) and mean(ĝ·x̂), [2][c].
size_t scratch_bytes(const BatchNormProblem& p) {
  return partial_bytes(p) + 2 * static_cast<size_t>(p.c) * size_of(accumulator_of(p.dtype));
}

template <class T>
struct Inputs {
  const T *x, *gy;
  const accumulator_t<T>*gamma, *beta, *mean, *invstd;
};

// ĝ of element i, which is channel c's.
template <class T>
HD accumulator_t<T> gated(const BatchNormProblem& p, const Inputs<T>& in, int64_t i, int64_t c) {
  using A = accumulator_t<T>;
  const A v = bn_affine(static_cast<A>(in.x[i]), in.mean[c], mul_rn(in.gamma[c], in.invstd[c]), in.beta[c]);
  return static_cast<A>(in.gy[i]) * act_grad_factor(p.act, v, static_cast<A>(p.slope));
}
template <class T>
HD accumulator_t<T> normal(const Inputs<T>& in, int64_t i, int64_t c) {
  return (static_cast<accumulator_t<T>>(in.x[i]) - in.mean[c]) * in.invstd[c];
}

template <class T>
__global__ void sums_naive(BatchNormProblem p, RowChunks r, Inputs<T> in, double* partial) {
  using A = accumulator_t<T>;
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= int64_t{r.chunks} * p.c) return;
  const int64_t chunk = i / p.c, c = i % p.c;
  const int64_t begin = chunk * r.rows, end = min(begin + r.rows, int64_t{p.rows});
  A sum = 0, sum_normal = 0;
  for (int64_t row = begin; row < end; ++row) {
    const A g = gated(p, in, row * p.c + c, c);
    sum += g;
    sum_normal += g * normal(in, row * p.c + c, c);
  }
  partial[chunk * 2 * p.c + c] = static_cast<double>(sum);
  partial[chunk * 2 * p.c + p.c + c] = static_cast<double>(sum_normal);
}

template <class A>
__global__ void add_naive(BatchNormProblem p, RowChunks r, const double* partial, bool first, A* means, A* gbeta, A* ggamma) {
  const int64_t c = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (c >= p.c) return;
  double sum = 0, sum_normal = 0;
  for (int64_t k = 0; k < r.chunks; ++k) {
    sum += partial[k * 2 * p.c + c];
    sum_normal += partial[k * 2 * p.c + p.c + c];
  }
  gbeta[c] = static_cast<A>(first ? sum : gbeta[c] + sum);
  ggamma[c] = static_cast<A>(first ? sum_normal : ggamma[c] + sum_normal);
  means[c] = static_cast<A>(sum / static_cast<double>(p.rows));
  means[p.c + c] = static_cast<A>(sum_normal / static_cast<double>(p.rows));
}

template <class T>
__global__ void gx_naive(BatchNormProblem p, Inputs<T> in, const accumulator_t<T>* means, T* gx) {
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.count(); i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t c = i % p.c;
    gx[i] = static_cast<T>(mul_rn(in.gamma[c], in.invstd[c]) * (gated(p, in, i, c) - means[c] - normal(in, i, c) * means[p.c + c]));
  }
}

void run_group(const BatchNormProblem& p, const BatchNormBwd::Args& a, bool first, Scratch scratch, Stream stream) {
  const RowChunks r = row_chunks(p.rows);
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    double* partial = static_cast<double*>(scratch.data);
    A* means = reinterpret_cast<A*>(partial + int64_t{r.chunks} * 2 * p.c);
    const Inputs<T> in{static_cast<const T*>(a.x),    static_cast<const T*>(a.gy),   static_cast<const A*>(a.gamma),
                       static_cast<const A*>(a.beta), static_cast<const A*>(a.mean), static_cast<const A*>(a.invstd)};
    launch({.grid = blocks_for(int64_t{r.chunks} * p.c, 128), .block = 128}, stream, sums_naive<T>, p, r, in, partial);
    launch({.grid = blocks_for(p.c, 32), .block = 32}, stream, add_naive<A>, p, r, partial, first, means, static_cast<A*>(a.gbeta),
           static_cast<A*>(a.ggamma));
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, gx_naive<T>, p, in, means, static_cast<T*>(a.gx));
  });
}

void run(const BatchNormProblem& p, const BatchNormBwd::Args& a, Scratch scratch, Stream stream) {
  for (int group = 0; group < p.groups; ++group) run_group(of_group(p), of_group(p, a, group), group == 0, scratch, stream);
}

KERNEL_VARIANT(BatchNormBwd, naive, 1, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
