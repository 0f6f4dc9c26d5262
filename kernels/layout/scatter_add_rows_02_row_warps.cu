// scatter_add_rows, rung 2: a warp has a row of y, or 32 packs of it of up to 16 bytes. Its lanes look at 32 indices in one request and
// vote on which of them name the row; those rows of g are added in order, so the bits are those of rung 1, where each element's thread read
// every index. Bounded by memory where the table is long: g and y once, and indices from cache; by latency where it has a few rows, which
// are a few warps, and many indices name each.
#include "kernels/launch.h"
#include "kernels/layout/layout.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

constexpr int threads = 256;

bool supports(const GatherRowsProblem& p) { return is_floating(p.dtype); }

// sum += the V elements from `from` on.
template <int V, class T>
__device__ void add(const T* from, accumulator_t<T> (&sum)[V]) {
  if constexpr (V == 1) {
    sum[0] += static_cast<accumulator_t<T>>(*from);
  } else {
    const auto v = load_vec<Pack<T, V>>(from);
    for (int e = 0; e < V; ++e) sum[e] += static_cast<accumulator_t<T>>(v.at[e]);
  }
}
template <int V, class A>
__device__ void store(A* to, const A (&sum)[V]) {
  if constexpr (V == 1) {
    *to = sum[0];
  } else {
    Pack<A, V> v;
    for (int e = 0; e < V; ++e) v.at[e] = sum[e];
    store_vec(to, v);
  }
}

template <class T, int V>
__global__ void scatter_row_warps(GatherRowsProblem p, int64_t tiles, const T* g, const int32_t* index, accumulator_t<T>* y) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int64_t warps = int64_t{gridDim.x} * (threads / 32);
  for (int64_t item = (int64_t{blockIdx.x} * threads + threadIdx.x) / 32; item < p.rows * tiles; item += warps) {
    const int64_t row = item / tiles, column = (item % tiles * 32 + lane) * V;
    const bool is_there = column < p.cols;
    accumulator_t<T> sum[V] = {};
    for (int64_t first = 0; first < p.count; first += 32) {
      const int64_t mine = first + lane;
      const bool names_row = mine < p.count && index[mine] == row;
      for (unsigned named = __ballot_sync(0xffffffffu, names_row); named != 0; named &= named - 1)
        if (is_there) add<V>(g + (first + __ffs(static_cast<int>(named)) - 1) * p.cols + column, sum);
    }
    if (is_there) store<V>(y + row * p.cols + column, sum);
  }
}

template <class T, int V>
void run_as(const GatherRowsProblem& p, const ScatterAddRows::Args& a, Stream stream) {
  const int64_t tiles = (p.cols + 32 * V - 1) / (32 * V);
  launch({.grid = stride_blocks(p.rows * tiles, threads / 32), .block = threads}, stream, scatter_row_warps<T, V>, p, tiles,
         static_cast<const T*>(a.g), static_cast<const int32_t*>(a.index), static_cast<accumulator_t<T>*>(a.y));
}
void run(const GatherRowsProblem& p, const ScatterAddRows::Args& a, Scratch, Stream stream) {
  const bool twos = p.cols % 2 == 0, fours = p.cols % 4 == 0;
  if (p.dtype == DType::f64) twos ? run_as<double, 2>(p, a, stream) : run_as<double, 1>(p, a, stream);
  else if (p.dtype == DType::bf16) fours ? run_as<bf16, 4>(p, a, stream) : run_as<bf16, 1>(p, a, stream);
  else fours ? run_as<float, 4>(p, a, stream) : twos ? run_as<float, 2>(p, a, stream) : run_as<float, 1>(p, a, stream);
}

KERNEL_VARIANT(ScatterAddRows, row_warps, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
