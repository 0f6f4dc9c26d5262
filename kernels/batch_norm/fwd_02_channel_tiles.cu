// batch_norm_fwd, rung 2: two launches, whatever the groups. (1) Blocks sum x − r and (x − r)² over their rows, where r is the group's
// first row: a shift within a few deviations of the mean keeps both sums small, and the differences are joined in double. (2) Every block
// joins the chunks' sums for its own channels and normalises its rows. Requests of 16 bytes; rung 1 had three launches a group, requests of
// one element, and one long chain of loads between them.
// Bounded by memory: x is read twice and y written once; the second read comes from L2 where x fits it.
#include "kernels/batch_norm/channel_tiles.h"

namespace duel {
namespace {

using namespace channel_tiles;

bool supports(const BatchNormProblem& p) { return fits(p) && bn_supports_act(p.act); }

template <class T>
__global__ void sum_tiles(BatchNormProblem p, RowChunks r, const T* x, double* sums) {
  using A = accumulator_t<T>;
  constexpr int V = pack_elements<T>;
  const Place<T> at(p, r);
  A sum[V] = {}, square[V] = {};
  if (at.c < p.c) {
    const T* from = x + at.group + at.c;
    const Pack<T, V> shift = load_vec<Pack<T, V>>(from);
#pragma unroll 4
    for (int64_t row = at.begin + at.row; row < at.end; row += rows_at_once) {
      const Pack<T, V> v = load_vec<Pack<T, V>>(from + row * p.c);
      for (int e = 0; e < V; ++e) {
        const A d = static_cast<A>(v.at[e]) - static_cast<A>(shift.at[e]);
        sum[e] += d;
        square[e] += d * d;
      }
    }
  }
  add_block<T>(p, at, sum, square, shared_storage<BlockSums<T>>(), sums + (int64_t{blockIdx.z} * gridDim.y + blockIdx.y) * 2 * p.c);
}

template <class T>
struct NormShared {
  JoinedSums<T> joined;
  alignas(16) accumulator_t<T> mean[channels<T>], scale[channels<T>], beta[channels<T>];
};

template <class T>
struct Statistics {
  const accumulator_t<T>*gamma, *beta;
  accumulator_t<T>*mean, *invstd, *running_mean, *running_var;
};

// The statistics of one group's channels of the tile, into shared memory; `write`: and to memory.
template <class T>
__device__ void find_statistics(const BatchNormProblem& p, int group, int tile, int chunks, const T* x, const double* sums,
                                const Statistics<T>& s, bool write, NormShared<T>& shared) {
  using A = accumulator_t<T>;
  join_chunks<T>(p, tile, chunks, sums + int64_t{group} * chunks * 2 * p.c, shared.joined);
  const int j = static_cast<int>(threadIdx.x), c = tile + j;
  if (j < channels<T> && c < p.c) {
    const double rows = static_cast<double>(p.rows), sum = shared.joined.total[0][j];
    const double average = static_cast<double>(x[int64_t{group} * p.rows * p.c + c]) + sum / rows;
    double deviations = shared.joined.total[1][j] - sum * (sum / rows);
    if (deviations < 0) deviations = 0;  // equal numbers can leave a rounding error below zero
    const A mean = static_cast<A>(average), invstd = static_cast<A>(bn_invstd(deviations / rows, p.eps));
    shared.mean[j] = mean, shared.scale[j] = mul_rn(s.gamma[c], invstd), shared.beta[j] = s.beta[c];
    if (write) {
      s.mean[group * p.c + c] = mean, s.invstd[group * p.c + c] = invstd;
      if (s.running_mean) {
        s.running_mean[c] = static_cast<A>(bn_running_mean(p, s.running_mean[c], average));
        s.running_var[c] = static_cast<A>(bn_running_var(p, s.running_var[c], deviations));
      }
    }
  }
  __syncthreads();
}

template <class T>
__global__ void normalise_tiles(BatchNormProblem p, RowChunks r, int summed, const T* x, const double* sums, Statistics<T> s, T* y) {
  using A = accumulator_t<T>;
  constexpr int V = pack_elements<T>;
  NormShared<T>& shared = shared_storage<NormShared<T>>();
  const Place<T> at(p, r);
  if (blockIdx.y == 0 && blockIdx.z == 0)  // one block a tile, for the running statistics take the groups in order
    for (int group = 0; group < p.groups; ++group) find_statistics<T>(p, group, at.tile, summed, x, sums, s, true, shared);
  find_statistics<T>(p, static_cast<int>(blockIdx.z), at.tile, summed, x, sums, s, false, shared);
  if (at.c >= p.c) return;
  A mean[V], scale[V], beta[V];
  load_channels<T>(shared.mean + at.lane * V, mean);
  load_channels<T>(shared.scale + at.lane * V, scale);
  load_channels<T>(shared.beta + at.lane * V, beta);
  const A slope = static_cast<A>(p.slope);
#pragma unroll 4
  for (int64_t row = at.begin + at.row; row < at.end; row += rows_at_once) {
    const int64_t i = at.group + row * p.c + at.c;
    Pack<T, V> v = load_vec<Pack<T, V>>(x + i);
    for (int e = 0; e < V; ++e)
      v.at[e] = static_cast<T>(act_forward(p.act, bn_affine(static_cast<A>(v.at[e]), mean[e], scale[e], beta[e]), slope));
    store_vec(y + i, v);
  }
}

template <class T>
void run_as(const BatchNormProblem& p, const BatchNormFwd::Args& a, Scratch scratch, Stream stream) {
  using A = accumulator_t<T>;
  const RowChunks summed = summed_chunks(p), written = written_chunks(p);
  double* sums = static_cast<double*>(scratch.data);
  const T* x = static_cast<const T*>(a.x);
  const Statistics<T> s{static_cast<const A*>(a.gamma), static_cast<const A*>(a.beta),   static_cast<A*>(a.mean),
                        static_cast<A*>(a.invstd),      static_cast<A*>(a.running_mean), static_cast<A*>(a.running_var)};
  launch({.grid = grid_of(p, summed), .block = threads, .shared_bytes = sizeof(BlockSums<T>)}, stream, sum_tiles<T>, p, summed, x, sums);
  launch({.grid = grid_of(p, written), .block = threads, .shared_bytes = sizeof(NormShared<T>)}, stream, normalise_tiles<T>, p, written,
         summed.chunks, x, sums, s, static_cast<T*>(a.y));
}

void run(const BatchNormProblem& p, const BatchNormFwd::Args& a, Scratch scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, scratch, stream);
  else run_as<float>(p, a, scratch, stream);
}

KERNEL_VARIANT(BatchNormFwd, channel_tiles, 2, supports, sums_bytes, run);

}  // namespace
}  // namespace duel
