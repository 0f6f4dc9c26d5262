// batch_norm_bwd, rung 2: two launches, whatever the groups. (1) Blocks sum ĝ and ĝ·x̂ over their rows. (2) Every block joins the chunks'
// sums for its own channels and makes gx of its rows. Requests of 16 bytes; rung 1 had three launches a group and requests of one element.
// Bounded by memory: x and gy are read twice and gx written once; the second read comes from L2 where both fit it.
#include "kernels/batch_norm/backward_tiles.h"

namespace duel {
namespace {

using namespace channel_tiles;

bool supports(const BatchNormProblem& p) { return fits(p) && bn_supports_act(p.act); }

template <class T>
struct SumShared {
  TileChannels<T> tile;
  BlockSums<T> sums;
};

template <class T>
__global__ void sum_tiles(BatchNormProblem p, RowChunks r, Inputs<T> in, double* sums) {
  constexpr int V = pack_elements<T>;
  SumShared<T>& shared = shared_storage<SumShared<T>>();
  const Place<T> at(p, r);
  shared.tile.fetch(p, in, at);
  accumulator_t<T> sum[V] = {}, sum_normal[V] = {};
  if (at.c < p.c) {
    const Channels<T> channel(shared.tile, at);
#pragma unroll 2
    for (int64_t row = at.begin + at.row; row < at.end; row += rows_at_once) {
      const int64_t i = at.group + row * p.c + at.c;
      const Pack<T, V> x = load_vec<Pack<T, V>>(in.x + i), gy = load_vec<Pack<T, V>>(in.gy + i);
      add_gated<T>(p, channel, x, gy, sum, sum_normal);
    }
  }
  add_block<T>(p, at, sum, sum_normal, shared.sums, sums_of_block(p, sums));
}

template <class T>
struct TileShared {
  TileChannels<T> tile;
  GxShared<T> gx;
};

template <class T>
__global__ void gx_tiles(BatchNormProblem p, RowChunks r, int summed, Inputs<T> in, const double* sums, T* gx, accumulator_t<T>* ggamma,
                         accumulator_t<T>* gbeta) {
  constexpr int V = pack_elements<T>;
  TileShared<T>& shared = shared_storage<TileShared<T>>();
  const Place<T> at(p, r);
  shared.tile.fetch(p, in, at);
  find_means<T>(p, at, summed, sums, ggamma, gbeta, shared.gx);
  if (at.c >= p.c) return;
  const Channels<T> channel(shared.tile, at);
  const Means<T> mean(shared.gx, at);
#pragma unroll 2
  for (int64_t row = at.begin + at.row; row < at.end; row += rows_at_once) {
    const int64_t i = at.group + row * p.c + at.c;
    const Pack<T, V> x = load_vec<Pack<T, V>>(in.x + i), gy = load_vec<Pack<T, V>>(in.gy + i);
    store_vec(gx + i, mean.gx_of(p, channel, x, gy));
  }
}

template <class T>
void run_as(const BatchNormProblem& p, const BatchNormBwd::Args& a, Scratch scratch, Stream stream) {
  using A = accumulator_t<T>;
  const RowChunks summed = summed_chunks(p), written = written_chunks(p);
  double* sums = static_cast<double*>(scratch.data);
  const Inputs<T> in(a);
  launch({.grid = grid_of(p, summed), .block = threads, .shared_bytes = sizeof(SumShared<T>)}, stream, sum_tiles<T>, p, summed, in, sums);
  launch({.grid = grid_of(p, written), .block = threads, .shared_bytes = sizeof(TileShared<T>)}, stream, gx_tiles<T>, p, written,
         summed.chunks, in, sums, static_cast<T*>(a.gx), static_cast<A*>(a.ggamma), static_cast<A*>(a.gbeta));
}

void run(const BatchNormProblem& p, const BatchNormBwd::Args& a, Scratch scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, scratch, stream);
  else run_as<float>(p, a, scratch, stream);
}

KERNEL_VARIANT(BatchNormBwd, channel_tiles, 2, supports, sums_bytes, run);

}  // namespace
}  // namespace duel
