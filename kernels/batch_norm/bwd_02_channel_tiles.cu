// batch_norm_bwd, rung 2: two launches, whatever the groups. (1) Blocks sum ĝ and ĝ·x̂ over their rows. (2) Every block joins the chunks'
// sums for its own channels and makes gx of its rows. Requests of 16 bytes; rung 1 had three launches a group and requests of one element.
// Bounded by memory: x and gy are read twice and gx written once; the second read comes from L2 where both fit it.
#include "kernels/batch_norm/channel_tiles.h"

namespace duel {
namespace {

using namespace channel_tiles;

bool supports(const BatchNormProblem& p) { return fits(p) && bn_supports_act(p.act); }

template <class T>
struct Inputs {
  const T *x, *gy;
  const accumulator_t<T>*gamma, *beta, *mean, *invstd;
};

// What a thread knows of its channels, and ĝ and x̂ of an element of them.
template <class T>
struct Channels {
  using A = accumulator_t<T>;
  A mean[pack_elements<T>], invstd[pack_elements<T>], scale[pack_elements<T>], beta[pack_elements<T>];
  __device__ Channels(const BatchNormProblem& p, const Inputs<T>& in, int c) {
    const int64_t of_group = int64_t{blockIdx.z} * p.c;
    load_channels<T>(in.mean + of_group + c, mean);
    load_channels<T>(in.invstd + of_group + c, invstd);
    load_channels<T>(in.gamma + c, scale);
    load_channels<T>(in.beta + c, beta);
    for (int e = 0; e < pack_elements<T>; ++e) scale[e] = mul_rn(scale[e], invstd[e]);
  }
  __device__ A gated(const BatchNormProblem& p, T x, T gy, int e) const {
    const A v = bn_affine(static_cast<A>(x), mean[e], scale[e], beta[e]);
    return static_cast<A>(gy) * act_grad_factor(p.act, v, static_cast<A>(p.slope));
  }
  __device__ A normal(T x, int e) const { return (static_cast<A>(x) - mean[e]) * invstd[e]; }
};

template <class T>
__global__ void sum_tiles(BatchNormProblem p, RowChunks r, Inputs<T> in, double* sums) {
  using A = accumulator_t<T>;
  constexpr int V = pack_elements<T>;
  const Place<T> at(p, r);
  A sum[V] = {}, sum_normal[V] = {};
  if (at.c < p.c) {
    const Channels<T> channel(p, in, at.c);
#pragma unroll 2
    for (int64_t row = at.begin + at.row; row < at.end; row += rows_at_once) {
      const int64_t i = at.group + row * p.c + at.c;
      const Pack<T, V> x = load_vec<Pack<T, V>>(in.x + i), gy = load_vec<Pack<T, V>>(in.gy + i);
      for (int e = 0; e < V; ++e) {
        const A g = channel.gated(p, x.at[e], gy.at[e], e);
        sum[e] += g;
        sum_normal[e] += g * channel.normal(x.at[e], e);
      }
    }
  }
  add_block<T>(p, at, sum, sum_normal, shared_storage<BlockSums<T>>(), sums + (int64_t{blockIdx.z} * gridDim.y + blockIdx.y) * 2 * p.c);
}

template <class T>
struct GxShared {
  JoinedSums<T> joined;
  alignas(16) accumulator_t<T> mean_g[channels<T>], mean_gx[channels<T>];
};

template <class T>
__global__ void gx_tiles(BatchNormProblem p, RowChunks r, int summed, Inputs<T> in, const double* sums, T* gx, accumulator_t<T>* ggamma,
                         accumulator_t<T>* gbeta) {
  using A = accumulator_t<T>;
  constexpr int V = pack_elements<T>;
  GxShared<T>& shared = shared_storage<GxShared<T>>();
  const Place<T> at(p, r);
  const int j = static_cast<int>(threadIdx.x), mine = at.tile + j;
  if (blockIdx.y == 0 && blockIdx.z == 0) {  // one block a tile, for the gradients of gamma and beta are sums over the groups
    double beta = 0, gamma = 0;
    for (int group = 0; group < p.groups; ++group) {
      join_chunks<T>(p, at.tile, summed, sums + int64_t{group} * summed * 2 * p.c, shared.joined);
      if (j < channels<T>) beta += shared.joined.total[0][j], gamma += shared.joined.total[1][j];
      __syncthreads();
    }
    if (j < channels<T> && mine < p.c) gbeta[mine] = static_cast<A>(beta), ggamma[mine] = static_cast<A>(gamma);
  }
  join_chunks<T>(p, at.tile, summed, sums + int64_t{blockIdx.z} * summed * 2 * p.c, shared.joined);
  if (j < channels<T>) {
    shared.mean_g[j] = static_cast<A>(shared.joined.total[0][j] / static_cast<double>(p.rows));
    shared.mean_gx[j] = static_cast<A>(shared.joined.total[1][j] / static_cast<double>(p.rows));
  }
  __syncthreads();
  if (at.c >= p.c) return;
  const Channels<T> channel(p, in, at.c);
  A mean_g[V], mean_gx[V];
  load_channels<T>(shared.mean_g + at.lane * V, mean_g);
  load_channels<T>(shared.mean_gx + at.lane * V, mean_gx);
#pragma unroll 2
  for (int64_t row = at.begin + at.row; row < at.end; row += rows_at_once) {
    const int64_t i = at.group + row * p.c + at.c;
    const Pack<T, V> x = load_vec<Pack<T, V>>(in.x + i), gy = load_vec<Pack<T, V>>(in.gy + i);
    Pack<T, V> out;
    for (int e = 0; e < V; ++e)
      out.at[e] =
          static_cast<T>(channel.scale[e] * (channel.gated(p, x.at[e], gy.at[e], e) - mean_g[e] - channel.normal(x.at[e], e) * mean_gx[e]));
    store_vec(gx + i, out);
  }
}

template <class T>
void run_as(const BatchNormProblem& p, const BatchNormBwd::Args& a, Scratch scratch, Stream stream) {
  using A = accumulator_t<T>;
  const RowChunks summed = summed_chunks(p), written = written_chunks(p);
  double* sums = static_cast<double*>(scratch.data);
  const Inputs<T> in{static_cast<const T*>(a.x),    static_cast<const T*>(a.gy),   static_cast<const A*>(a.gamma),
                     static_cast<const A*>(a.beta), static_cast<const A*>(a.mean), static_cast<const A*>(a.invstd)};
  launch({.grid = grid_of(p, summed), .block = threads, .shared_bytes = sizeof(BlockSums<T>)}, stream, sum_tiles<T>, p, summed, in, sums);
  launch({.grid = grid_of(p, written), .block = threads, .shared_bytes = sizeof(GxShared<T>)}, stream, gx_tiles<T>, p, written,
         summed.chunks, in, sums, static_cast<T*>(a.gx), static_cast<A*>(a.ggamma), static_cast<A*>(a.gbeta));
}

void run(const BatchNormProblem& p, const BatchNormBwd::Args& a, Scratch scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, scratch, stream);
  else run_as<float>(p, a, scratch, stream);
}

KERNEL_VARIANT(BatchNormBwd, channel_tiles, 2, supports, sums_bytes, run);

}  // namespace
}  // namespace duel
