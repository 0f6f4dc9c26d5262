// What the backward rows of 16-byte requests share beyond channel_tiles.h: ĝ and x̂, their sums, and gx.
#pragma once
#include "kernels/batch_norm/channel_tiles.h"

namespace duel::channel_tiles {

template <class T>
struct Inputs {
  const T *x, *gy;
  const accumulator_t<T>*gamma, *beta, *mean, *invstd;
  explicit Inputs(const BatchNormBwd::Args& a)
      : x(static_cast<const T*>(a.x)),
        gy(static_cast<const T*>(a.gy)),
        gamma(static_cast<const accumulator_t<T>*>(a.gamma)),
        beta(static_cast<const accumulator_t<T>*>(a.beta)),
        mean(static_cast<const accumulator_t<T>*>(a.mean)),
        invstd(static_cast<const accumulator_t<T>*>(a.invstd)) {}
};

// What the block knows of its tile's channels.
template <class T>
struct TileChannels {
  TileValues<T> mean, invstd, gamma, beta;
  __device__ void fetch(const BatchNormProblem& p, const Inputs<T>& in, const Place<T>& at) {
    const int j = static_cast<int>(threadIdx.x), c = at.tile + j;
    if (j < channels<T> && c < p.c) {
      const int64_t of_group = int64_t{blockIdx.z} * p.c + c;
      mean[j] = in.mean[of_group], invstd[j] = in.invstd[of_group], gamma[j] = in.gamma[c], beta[j] = in.beta[c];
    }
    __syncthreads();
  }
};

// What a thread knows of its own, and ĝ and x̂ of an element of them.
template <class T>
struct Channels {
  using A = accumulator_t<T>;
  A mean[pack_elements<T>], invstd[pack_elements<T>], scale[pack_elements<T>], beta[pack_elements<T>];
  __device__ Channels(const TileChannels<T>& tile, const Place<T>& at) {
    tile.mean.load(at, mean), tile.invstd.load(at, invstd), tile.gamma.load(at, scale), tile.beta.load(at, beta);
    for (int e = 0; e < pack_elements<T>; ++e) scale[e] = mul_rn(scale[e], invstd[e]);
  }
  __device__ A gated(const BatchNormProblem& p, T x, T gy, int e) const {
    const A v = bn_affine(static_cast<A>(x), mean[e], scale[e], beta[e]);
    return static_cast<A>(gy) * bn_act_grad_factor(p.act, v, static_cast<A>(p.slope));
  }
  __device__ A normal(T x, int e) const { return (static_cast<A>(x) - mean[e]) * invstd[e]; }
};

template <class T>
__device__ void add_gated(const BatchNormProblem& p, const Channels<T>& channel, const Pack<T, pack_elements<T>>& x,
                          const Pack<T, pack_elements<T>>& gy, accumulator_t<T>* sum, accumulator_t<T>* sum_normal) {
  for (int e = 0; e < pack_elements<T>; ++e) {
    const accumulator_t<T> g = channel.gated(p, x.at[e], gy.at[e], e);
    sum[e] += g;
    sum_normal[e] += g * channel.normal(x.at[e], e);
  }
}

template <class T>
struct GxShared {
  JoinedSums<T> joined;
  TileValues<T> mean_g, mean_gx;
};

// Once the chunks' sums are there: the means of the block's own group into shared memory, and of each tile the gradients of gamma and beta.
template <class T>
__device__ void find_means(const BatchNormProblem& p, const Place<T>& at, int chunks, const double* sums, accumulator_t<T>* ggamma,
                           accumulator_t<T>* gbeta, GxShared<T>& shared) {
  using A = accumulator_t<T>;
  const int j = static_cast<int>(threadIdx.x), mine = at.tile + j;
  if (blockIdx.y == 0 && blockIdx.z == 0) {  // one block a tile, for the gradients of gamma and beta are sums over the groups
    double beta = 0, gamma = 0;
    for (int group = 0; group < p.groups; ++group) {
      join_chunks<T>(p, at.tile, chunks, sums + int64_t{group} * chunks * 2 * p.c, shared.joined);
      if (j < channels<T>) beta += shared.joined.total[0][j], gamma += shared.joined.total[1][j];  // written anew behind a barrier
    }
    if (j < channels<T> && mine < p.c) gbeta[mine] = static_cast<A>(beta), ggamma[mine] = static_cast<A>(gamma);
  }
  join_chunks<T>(p, at.tile, chunks, sums + int64_t{blockIdx.z} * chunks * 2 * p.c, shared.joined);
  if (j < channels<T>) {
    shared.mean_g[j] = static_cast<A>(shared.joined.total[0][j] / static_cast<double>(p.rows));
    shared.mean_gx[j] = static_cast<A>(shared.joined.total[1][j] / static_cast<double>(p.rows));
  }
  __syncthreads();
}

// The means of a thread's channels, and gx of an x and a gy of them.
template <class T>
struct Means {
  accumulator_t<T> g[pack_elements<T>], gx[pack_elements<T>];
  __device__ Means(const GxShared<T>& shared, const Place<T>& at) { shared.mean_g.load(at, g), shared.mean_gx.load(at, gx); }
  __device__ Pack<T, pack_elements<T>> gx_of(const BatchNormProblem& p, const Channels<T>& channel, const Pack<T, pack_elements<T>>& x,
                                             const Pack<T, pack_elements<T>>& gy) const {
    Pack<T, pack_elements<T>> out;
    for (int e = 0; e < pack_elements<T>; ++e)
      out.at[e] = static_cast<T>(channel.scale[e] * (channel.gated(p, x.at[e], gy.at[e], e) - g[e] - channel.normal(x.at[e], e) * gx[e]));
    return out;
  }
};

}  // namespace duel::channel_tiles
