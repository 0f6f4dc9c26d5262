// batch_norm_fwd, rung 3: one launch. Each block keeps its rows in registers and shared memory while all blocks meet at the grid's barrier;
// behind it every block joins the chunks' sums for its own channels, as on rung 2, and normalises what it kept. Rung 2 had two launches
// and read x twice.
// Bounded by memory: x is read once and y written once. Not at the same time, though: the grid reads, meets, and writes. The problem must
// fit what the resident blocks can keep.
#include "kernels/batch_norm/forward_tiles.h"
#include "kernels/batch_norm/kept_rows.h"

namespace duel {
namespace {

using namespace channel_tiles;

template <class T>
using Kept = KeptRows<T, 1, 8>;

template <class T>
union Shared {  // the kept rows lie behind it
  BlockSums<T> sums;
  NormShared<T> norm;
};

template <class T>
__global__ void __launch_bounds__(threads, 2)
    normalise_kept(BatchNormProblem p, RowChunks r, const T* x, double* sums, Statistics<T> s, T* y) {
  constexpr int V = pack_elements<T>;
  Shared<T>& shared = shared_storage<Shared<T>>();
  const Place<T> at(p, r);
  Kept<T> kept(&shared + 1);
  accumulator_t<T> sum[V] = {}, square[V] = {};
  if (at.c < p.c) {
    kept.fetch(p, at, {x});
    const Pack<T, V> shift = load_vec<Pack<T, V>>(x + at.group + at.c);
    kept.each(p, at, [&](int64_t, const Pack<T, V>* v) { add_deviations<T>(v[0], shift, sum, square); });
  }
  add_block<T>(p, at, sum, square, shared.sums, sums_of_block(p, sums));
  grid_sync();
  find_own_statistics<T>(p, at, r.chunks, x, sums, s, shared.norm);
  if (at.c >= p.c) return;
  const Normal<T> normal(shared.norm, at);
  kept.each(p, at, [&](int64_t i, const Pack<T, V>* v) { store_vec(y + i, normal.of(p, v[0])); });
}

template <class T>
RowChunks row_chunks(const BatchNormProblem& p) {
  static const Residents<Kept<T>> residents(normalise_kept<T>, sizeof(Shared<T>));
  return resident_chunks(p, residents);
}
RowChunks row_chunks(const BatchNormProblem& p) { return p.dtype == DType::bf16 ? row_chunks<bf16>(p) : row_chunks<float>(p); }

bool supports(const BatchNormProblem& p) { return fits(p) && bn_supports_act(p.act) && row_chunks(p).chunks; }
size_t scratch_bytes(const BatchNormProblem& p) { return bytes_of_sums(p, row_chunks(p)); }

template <class T>
void run_as(const BatchNormProblem& p, const BatchNormFwd::Args& a, Scratch scratch, Stream stream) {
  const RowChunks r = row_chunks<T>(p);
  const size_t kept = Kept<T>::bytes(static_cast<int>(r.rows / rows_at_once));
  launch_cooperative({.grid = grid_of(p, r), .block = threads, .shared_bytes = sizeof(Shared<T>) + kept}, stream, normalise_kept<T>, p, r,
                     static_cast<const T*>(a.x), static_cast<double*>(scratch.data), Statistics<T>(a), static_cast<T*>(a.y));
}

void run(const BatchNormProblem& p, const BatchNormFwd::Args& a, Scratch scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, scratch, stream);
  else run_as<float>(p, a, scratch, stream);
}

KERNEL_VARIANT(BatchNormFwd, kept_rows, 3, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
