// batch_norm_fwd, rung 2: two launches, whatever the groups. (1) Blocks sum x − r and (x − r)² over their rows, where r is the group's
// first row: a shift within a few deviations of the mean keeps both sums small, and the differences are joined in double. (2) Every block
// joins the chunks' sums for its own channels and normalises its rows. Requests of 16 bytes; rung 1 had three launches a group, requests of
// one element, and one long chain of loads between them.
// Bounded by memory: x is read twice and y written once; the second read comes from L2 where x fits it.
#include "kernels/batch_norm/forward_tiles.h"

namespace duel {
namespace {

using namespace channel_tiles;

bool supports(const BatchNormProblem& p) { return fits(p) && bn_supports_act(p.act); }

template <class T>
__global__ void sum_tiles(BatchNormProblem p, RowChunks r, const T* x, double* sums) {
  constexpr int V = pack_elements<T>;
  const Place<T> at(p, r);
  accumulator_t<T> sum[V] = {}, square[V] = {};
  if (at.c < p.c) {
    const T* from = x + at.group + at.c;
    const Pack<T, V> shift = load_vec<Pack<T, V>>(from);
#pragma unroll 4
    for (int64_t row = at.begin + at.row; row < at.end; row += rows_at_once)
      add_deviations<T>(load_vec<Pack<T, V>>(from + row * p.c), shift, sum, square);
  }
  add_block<T>(p, at, sum, square, shared_storage<BlockSums<T>>(), sums_of_block(p, sums));
}

template <class T>
__global__ void normalise_tiles(BatchNormProblem p, RowChunks r, int summed, const T* x, const double* sums, Statistics<T> s, T* y) {
  NormShared<T>& shared = shared_storage<NormShared<T>>();
  const Place<T> at(p, r);
  find_own_statistics<T>(p, at, summed, x, sums, s, shared);
  if (at.c < p.c) Normal<T>(shared, at).write(p, at, x, y);
}

template <class T>
void run_as(const BatchNormProblem& p, const BatchNormFwd::Args& a, Scratch scratch, Stream stream) {
  const RowChunks summed = summed_chunks(p), written = written_chunks(p);
  double* sums = static_cast<double*>(scratch.data);
  const T* x = static_cast<const T*>(a.x);
  launch({.grid = grid_of(p, summed), .block = threads, .shared_bytes = sizeof(BlockSums<T>)}, stream, sum_tiles<T>, p, summed, x, sums);
  launch({.grid = grid_of(p, written), .block = threads, .shared_bytes = sizeof(NormShared<T>)}, stream, normalise_tiles<T>, p, written,
         summed.chunks, x, sums, Statistics<T>(a), static_cast<T*>(a.y));
}

void run(const BatchNormProblem& p, const BatchNormFwd::Args& a, Scratch scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, scratch, stream);
  else run_as<float>(p, a, scratch, stream);
}

KERNEL_VARIANT(BatchNormFwd, channel_tiles, 2, supports, sums_bytes, run);

}  // namespace
}  // namespace duel
