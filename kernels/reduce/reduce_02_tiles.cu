// reduce, rung 2: requests of 16 bytes that follow each other in memory, whatever is kept, and enough blocks for the card; still one
// launch. Every kind becomes [groups, rows, columns]: a sample or all of x a group, and a row as many elements as eight requests hold, be
// they channels, a few channels several times over, or a stretch of what has none. A block folds a tile of columns down a chunk of rows,
// and columns of one channel with each other. Where a group has several chunks, their results go through scratch, and behind the grid's
// barrier a warp a result folds those. Bounded by memory: x read once. The barrier makes the whole grid wait for its last block, and
// samples of few elements leave most threads of a block without one. Sums have a fixed order: a thread's over rows that are 32 apart, in
// f32; a block's and all chunks', in f64.
#include <algorithm>

#include "kernels/cooperative_launch.h"
#include "kernels/ptx.h"
#include "kernels/ptx/grid.h"
#include "kernels/reduce/reduce.h"

namespace duel {
namespace {

constexpr int lanes = 8, rows_at_once = 32, threads = lanes * rows_at_once, warps = threads / 32;
template <class T>
constexpr int tile_columns = lanes* pack_elements<T>;

// How the problem lies on the grid, which hangs on the problem alone: so the order of addition does too.
struct Cut {
  int64_t groups, terms;  // elements of a group
  int64_t c, columns;     // results of a group; elements of a row, a multiple of c
  int64_t rows, chunk_rows, tiles, chunks;
};
inline Cut cut_of(const ReduceProblem& p, int pack) {
  constexpr int64_t wanted_blocks = 2 * 132, least_rows = 4 * rows_at_once;  // two a multiprocessor of the largest cards
  const bool grouped = p.keep == Keep::sample || p.keep == Keep::image, channels = p.keep == Keep::channel || p.keep == Keep::image;
  Cut cut{};
  cut.groups = grouped ? p.n : 1, cut.terms = grouped ? p.inner : p.count(), cut.c = channels ? p.c : 1;
  const int64_t tile = int64_t{lanes} * pack;
  int64_t together = std::max<int64_t>(1, tile / cut.c);
  while (together > 1 && together * cut.c % pack) --together;
  cut.columns = together * cut.c;
  cut.rows = cut.terms / cut.columns, cut.tiles = (cut.columns + tile - 1) / tile;
  const int64_t chunks = std::max<int64_t>(1, wanted_blocks / std::max<int64_t>(1, cut.groups * cut.tiles));
  cut.chunk_rows = std::max(least_rows, (cut.rows + chunks * rows_at_once - 1) / (chunks * rows_at_once) * rows_at_once);
  cut.chunks = std::max<int64_t>(1, (cut.rows + cut.chunk_rows - 1) / cut.chunk_rows);
  return cut;
}
int pack_of(const ReduceProblem& p) { return p.dtype == DType::bf16 ? pack_elements<bf16> : pack_elements<float>; }

bool supports(const ReduceProblem& p) {
  if (p.dtype != DType::f32 && p.dtype != DType::bf16) return false;
  const Cut cut = cut_of(p, pack_of(p));
  // Of an image with few rows of channels, rung 1 reads the same sectors, and with fewer requests than a block's threads need to meet.
  if (p.keep == Keep::image && cut.rows < rows_at_once / 2) return false;
  return cut.columns % pack_of(p) == 0 && (cut.groups <= 1 || cut.terms % pack_of(p) == 0);
}

size_t scratch_bytes(const ReduceProblem& p) {
  const Cut cut = cut_of(p, pack_of(p));
  return cut.chunks == 1 ? 0 : static_cast<size_t>(cut.groups * cut.c * cut.chunks) * sizeof(double);
}

template <class T>
struct Tile {
  double of_warp[warps][tile_columns<T>];
};
// Columns of one element number lie side by side in it, so that the eight lanes that write do it without conflict.
template <class T>
__device__ int slot_of(int column) {
  return column % pack_elements<T> * lanes + column / pack_elements<T>;
}
template <class T>
__device__ int column_of(int slot) {
  return slot % lanes * pack_elements<T> + slot / lanes;
}

template <class Op>
struct Nothing;  // what changes nothing
template <>
struct Nothing<Sum> {
  static constexpr float value = 0;
};
template <>
struct Nothing<Max> {
  static constexpr float value = -INFINITY;
};

// A thread's pack of columns, from `column` on, folded down its rows [first, end) and, in the chunk that ends the group, into the elements
// behind the last row.
template <class T, class Op>
__device__ void fold_rows(const Cut& cut, const T* x, int64_t column, int64_t first, int64_t end, float (&total)[pack_elements<T>]) {
  constexpr int V = pack_elements<T>;
#pragma unroll 4
  for (int64_t row = first; row < end; row += rows_at_once) {
    const Pack<T, V> v = load_vec<Pack<T, V>>(x + row * cut.columns + column);
    for (int e = 0; e < V; ++e) total[e] = Op{}(total[e], static_cast<float>(v.at[e]));
  }
  if (end < cut.rows || threadIdx.x >= lanes) return;
  const int64_t rest = cut.rows * cut.columns + column;
  for (int e = 0; e < V; ++e)
    if (rest + e < cut.terms) total[e] = Op{}(total[e], static_cast<float>(x[rest + e]));
}

// The block's threads fold what they have of a tile's columns, and columns of one channel with each other, where `together` of them are.
// leave(result, value) gets each of the tile's results.
template <class T, class Op, class Leave>
__device__ void fold_block(const float (&total)[pack_elements<T>], int together, int results, Tile<T>& shared, Leave&& leave) {
  const int thread = static_cast<int>(threadIdx.x), warp = thread / 32, lane = thread % 32;
  for (int e = 0; e < pack_elements<T>; ++e) {
    double value = static_cast<double>(total[e]);
    for (int by = lanes; by < 32; by *= 2) value = Op{}(value, __shfl_xor_sync(0xffffffffu, value, by));
    if (lane < lanes) shared.of_warp[warp][e * lanes + lane] = value;
  }
  __syncthreads();
  if (thread < tile_columns<T>) {
    double value = shared.of_warp[0][thread];
    for (int w = 1; w < warps; ++w) value = Op{}(value, shared.of_warp[w][thread]);
    if (together > 1) shared.of_warp[0][thread] = value;
    else if (column_of<T>(thread) < results) leave(column_of<T>(thread), value);
  }
  __syncthreads();
  if (together == 1) return;
  for (int result = warp; result < results; result += warps) {
    double value = Nothing<Op>::value;
    for (int i = lane; i < together; i += 32) value = Op{}(value, shared.of_warp[0][slot_of<T>(i * results + result)]);
    value = warp_reduce(value, Op{});
    if (lane == 0) leave(result, value);
  }
  __syncthreads();
}

template <class T, class Op>
__global__ void __launch_bounds__(threads, 2) reduce_tiles(Cut cut, const T* x, double* parts, float* y) {
  constexpr int V = pack_elements<T>;
  Tile<T>& shared = shared_storage<Tile<T>>();
  const int together = static_cast<int>(cut.columns / cut.c);  // columns of one channel, which then are in one tile
  for (int64_t item = blockIdx.x; item < cut.groups * cut.chunks * cut.tiles; item += gridDim.x) {
    const int64_t tile = item % cut.tiles * tile_columns<T>, chunk = item / cut.tiles % cut.chunks, group = item / cut.tiles / cut.chunks;
    const int64_t begin = chunk * cut.chunk_rows, end = min(begin + cut.chunk_rows, cut.rows);
    const int64_t column = tile + static_cast<int>(threadIdx.x) % lanes * V;
    float total[V];
    for (int e = 0; e < V; ++e) total[e] = Nothing<Op>::value;
    if (column < cut.columns)
      fold_rows<T, Op>(cut, x + group * cut.terms, column, begin + static_cast<int>(threadIdx.x) / lanes, end, total);
    const int64_t results = together > 1 ? cut.c : min(cut.columns - tile, int64_t{tile_columns<T>});
    fold_block<T, Op>(total, together, static_cast<int>(results), shared, [&](int of_tile, double value) {
      const int64_t result = group * cut.c + tile + of_tile;
      if (cut.chunks == 1) y[result] = static_cast<float>(value);
      else parts[result * cut.chunks + chunk] = value;
    });
  }
  if (cut.chunks == 1) return;
  grid_sync();
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  for (int64_t r = int64_t{blockIdx.x} * warps + warp; r < cut.groups * cut.c; r += int64_t{gridDim.x} * warps) {
    double value = Nothing<Op>::value;
    for (int64_t chunk = lane; chunk < cut.chunks; chunk += 32) value = Op{}(value, parts[r * cut.chunks + chunk]);
    value = warp_reduce(value, Op{});
    if (lane == 0) y[r] = static_cast<float>(value);
  }
}

template <class T, class Op>
void run_as(const ReduceProblem& p, const Reduce::Args& a, Scratch scratch, Stream stream) {
  static const int resident = resident_blocks(reduce_tiles<T, Op>, threads, sizeof(Tile<T>));
  const Cut cut = cut_of(p, pack_elements<T>);
  const int64_t blocks = std::clamp<int64_t>(cut.groups * cut.tiles * cut.chunks, 1, resident);
  launch_cooperative({.grid = static_cast<unsigned>(blocks), .block = threads, .shared_bytes = sizeof(Tile<T>)}, stream,
                     reduce_tiles<T, Op>, cut, static_cast<const T*>(a.x), static_cast<double*>(scratch.data), static_cast<float*>(a.y));
}
void run(const ReduceProblem& p, const Reduce::Args& a, Scratch scratch, Stream stream) {
  if (p.results() == 0) return;
  const bool sums = p.fn == ReduceFn::sum;
  if (p.dtype == DType::bf16) sums ? run_as<bf16, Sum>(p, a, scratch, stream) : run_as<bf16, Max>(p, a, scratch, stream);
  else sums ? run_as<float, Sum>(p, a, scratch, stream) : run_as<float, Max>(p, a, scratch, stream);
}

KERNEL_VARIANT(Reduce, tiles, 2, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
