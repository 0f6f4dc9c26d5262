// What the forward rows of 16-byte requests share beyond channel_tiles.h: sums of deviations, the statistics that come of them, and y.
#pragma once
#include "kernels/batch_norm/channel_tiles.h"

namespace duel::channel_tiles {

// sum and square: of x − r and (x − r)², where r is the group's first row.
template <class T>
__device__ void add_deviations(const Pack<T, pack_elements<T>>& x, const Pack<T, pack_elements<T>>& shift, accumulator_t<T>* sum,
                               accumulator_t<T>* square) {
  using A = accumulator_t<T>;
  for (int e = 0; e < pack_elements<T>; ++e) {
    const A d = static_cast<A>(x.at[e]) - static_cast<A>(shift.at[e]);
    sum[e] += d;
    square[e] += d * d;
  }
}

// What y is made with, of each channel of the block's tile.
template <class T>
struct NormValues {
  TileValues<T> mean, scale, beta;
};
template <class T>
struct NormShared : NormValues<T> {
  JoinedSums<T> joined;
};

template <class T>
struct Statistics {
  const accumulator_t<T>*gamma, *beta;
  accumulator_t<T>*mean, *invstd, *running_mean, *running_var;
  explicit Statistics(const BatchNormFwd::Args& a)
      : gamma(static_cast<const accumulator_t<T>*>(a.gamma)),
        beta(static_cast<const accumulator_t<T>*>(a.beta)),
        mean(static_cast<accumulator_t<T>*>(a.mean)),
        invstd(static_cast<accumulator_t<T>*>(a.invstd)),
        running_mean(static_cast<accumulator_t<T>*>(a.running_mean)),
        running_var(static_cast<accumulator_t<T>*>(a.running_var)) {}
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
// Those of the block's own group, once the chunks' sums are there.
template <class T>
__device__ void find_own_statistics(const BatchNormProblem& p, const Place<T>& at, int chunks, const T* x, const double* sums,
                                    const Statistics<T>& s, NormShared<T>& shared) {
  if (blockIdx.y == 0 && blockIdx.z == 0)  // one block a tile, for the running statistics take the groups in order
    for (int group = 0; group < p.groups; ++group) find_statistics<T>(p, group, at.tile, chunks, x, sums, s, true, shared);
  find_statistics<T>(p, static_cast<int>(blockIdx.z), at.tile, chunks, x, sums, s, false, shared);
}

// What a thread knows of its channels, and y of an x of them.
template <class T>
struct Normal {
  using A = accumulator_t<T>;
  A mean[pack_elements<T>], scale[pack_elements<T>], beta[pack_elements<T>];
  __device__ Normal(const NormValues<T>& shared, const Place<T>& at) {
    shared.mean.load(at, mean), shared.scale.load(at, scale), shared.beta.load(at, beta);
  }
  __device__ Pack<T, pack_elements<T>> of(const BatchNormProblem& p, Pack<T, pack_elements<T>> v) const {
    const A slope = static_cast<A>(p.slope);
    for (int e = 0; e < pack_elements<T>; ++e)
      v.at[e] = static_cast<T>(bn_act_forward(p.act, bn_affine(static_cast<A>(v.at[e]), mean[e], scale[e], beta[e]), slope));
    return v;
  }
  // y of the thread's rows.
  __device__ void write(const BatchNormProblem& p, const Place<T>& at, const T* x, T* y) const {
    constexpr int V = pack_elements<T>;
#pragma unroll 4
    for (int64_t row = at.begin + at.row; row < at.end; row += rows_at_once) {
      const int64_t i = at.group + row * p.c + at.c;
      store_vec(y + i, of(p, load_vec<Pack<T, V>>(x + i)));
    }
  }
};

}  // namespace duel::channel_tiles
