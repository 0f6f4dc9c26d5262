// batch_norm_bwd, rung 3: one launch. Each block keeps its rows of x and gy in registers and shared memory while all blocks meet at the
// grid's barrier; behind it every block joins the chunks' sums for its own channels, as on rung 2, and makes gx of what it kept. Rung 2 had
// two launches and read x and gy twice.
// Bounded by memory: x and gy are read once and gx written once. Not at the same time, though: the grid reads, meets, and writes. The
// problem must fit what the resident blocks can keep, and ĝ and x̂ are computed twice.
#include "kernels/batch_norm/backward_tiles.h"
#include "kernels/batch_norm/kept_rows.h"

namespace duel {
namespace {

using namespace channel_tiles;

template <class T>
using Kept = KeptRows<T, 2, 4>;

template <class T>
struct Shared {  // the kept rows lie behind it
  TileChannels<T> tile;
  union {
    BlockSums<T> sums;
    GxShared<T> gx;
  };
};

template <class T>
__global__ void __launch_bounds__(threads, 2)
    gx_kept(BatchNormProblem p, RowChunks r, Inputs<T> in, double* sums, T* gx, accumulator_t<T>* ggamma, accumulator_t<T>* gbeta) {
  constexpr int V = pack_elements<T>;
  Shared<T>& shared = shared_storage<Shared<T>>();
  const Place<T> at(p, r);
  Kept<T> kept(&shared + 1);
  accumulator_t<T> sum[V] = {}, sum_normal[V] = {};
  if (at.c < p.c) kept.fetch(p, at, {in.x, in.gy});
  shared.tile.fetch(p, in, at);
  if (at.c < p.c) {
    const Channels<T> channel(shared.tile, at);
    kept.each(p, at, [&](int64_t, const Pack<T, V>* v) { add_gated<T>(p, channel, v[0], v[1], sum, sum_normal); });
  }
  add_block<T>(p, at, sum, sum_normal, shared.sums, sums_of_block(p, sums));
  grid_sync();
  find_means<T>(p, at, r.chunks, sums, ggamma, gbeta, shared.gx);
  if (at.c >= p.c) return;
  const Channels<T> channel(shared.tile, at);
  const Means<T> mean(shared.gx, at);
  kept.each(p, at, [&](int64_t i, const Pack<T, V>* v) { store_vec(gx + i, mean.gx_of(p, channel, v[0], v[1])); });
}

template <class T>
RowChunks row_chunks(const BatchNormProblem& p) {
  static const Residents<Kept<T>> residents(gx_kept<T>, sizeof(Shared<T>));
  return resident_chunks(p, residents);
}
RowChunks row_chunks(const BatchNormProblem& p) { return p.dtype == DType::bf16 ? row_chunks<bf16>(p) : row_chunks<float>(p); }

bool supports(const BatchNormProblem& p) { return fits(p) && bn_supports_act(p.act) && row_chunks(p).chunks; }
size_t scratch_bytes(const BatchNormProblem& p) { return bytes_of_sums(p, row_chunks(p)); }

template <class T>
void run_as(const BatchNormProblem& p, const BatchNormBwd::Args& a, Scratch scratch, Stream stream) {
  using A = accumulator_t<T>;
  const RowChunks r = row_chunks<T>(p);
  const size_t kept = Kept<T>::bytes(static_cast<int>(r.rows / rows_at_once));
  launch_cooperative({.grid = grid_of(p, r), .block = threads, .shared_bytes = sizeof(Shared<T>) + kept}, stream, gx_kept<T>, p, r,
                     Inputs<T>(a), static_cast<double*>(scratch.data), static_cast<T*>(a.gx), static_cast<A*>(a.ggamma),
                     static_cast<A*>(a.gbeta));
}

void run(const BatchNormProblem& p, const BatchNormBwd::Args& a, Scratch scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, scratch, stream);
  else run_as<float>(p, a, scratch, stream);
}

KERNEL_VARIANT(BatchNormBwd, kept_rows, 3, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
