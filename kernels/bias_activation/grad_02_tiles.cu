// bias_activation_grad, rung 2: requests of 16 bytes, whole sectors, and any number of channels fills the card; still one launch. Blocks
// write gx tile by tile and leave the sums of each tile's channels in scratch; behind the grid's barrier a warp a channel adds those up.
// Bounded by memory: y and g read once, gx written once. The barrier makes the whole grid wait for its last block.
// Sums have a fixed order: a thread's over rows that are 32 apart, in f32; a tile's and all tiles', in f64.
#include "kernels/bias_activation/tiles.h"
#include "kernels/cooperative_launch.h"
#include "kernels/ptx/grid.h"

namespace duel {
namespace {

using namespace bias_tiles;

template <class T>
struct Sums {
  double of_warp[warps][channels<T>];
};

// sum: a thread's, for its channels. Written to sums[c][chunks].
template <class T>
__device__ void add_tile(const BiasActivationProblem& p, const Cut& cut, const Place<T>& at, const accumulator_t<T>* sum, Sums<T>& shared,
                         double* sums) {
  constexpr int V = pack_elements<T>;
  const int thread = static_cast<int>(threadIdx.x);
  for (int e = 0; e < V; ++e) {
    double total = static_cast<double>(sum[e]);
    for (int by = lanes; by < 32; by *= 2) total += __shfl_xor_sync(0xffffffffu, total, by);
    // Channels of one element number lie side by side, so that the eight lanes that write do it without conflict.
    if (thread % 32 < lanes) shared.of_warp[thread / 32][e * lanes + at.lane] = total;
  }
  __syncthreads();
  const int c = at.tile_c + thread % lanes * V + thread / lanes;
  if (thread < channels<T> && c < p.c) {
    double total = 0;
    for (int w = 0; w < warps; ++w) total += shared.of_warp[w][thread];
    sums[int64_t{c} * cut.chunks + at.chunk] = total;
  }
  __syncthreads();  // before the next tile's sums
}

template <class T>
__global__ void __launch_bounds__(threads, 4)
    bias_activation_grad_tiles(BiasActivationProblem p, Cut cut, const T* y, const T* g, double* sums, T* gx, accumulator_t<T>* gb) {
  using A = accumulator_t<T>;
  constexpr int V = pack_elements<T>;
  Sums<T>& shared = shared_storage<Sums<T>>();
  const A slope = static_cast<A>(p.slope);
  for (int64_t item = blockIdx.x; item < int64_t{cut.tiles} * cut.chunks; item += gridDim.x) {
    const Place<T> at(p, cut, item);
    A sum[V] = {};
    if (at.c < p.c)
      with_told_act(p.act, [&](auto act) {
#pragma unroll 2
        for (int64_t row = at.row; row < at.end; row += rows_at_once) {
          const int64_t i = row * p.c + at.c;
          const Pack<T, V> saved = load_vec<Pack<T, V>>(y + i);
          Pack<T, V> v = load_vec<Pack<T, V>>(g + i);
          for (int e = 0; e < V; ++e) {
            const A value = static_cast<A>(v.at[e]) * act_grad_factor<decltype(act)::value>(static_cast<A>(saved.at[e]), slope);
            v.at[e] = static_cast<T>(value);
            sum[e] += value;
          }
          store_vec(gx + i, v);
        }
      });
    add_tile(p, cut, at, sum, shared, sums);
  }
  grid_sync();
  const int lane = static_cast<int>(threadIdx.x) % 32;
  for (int64_t c = (int64_t{blockIdx.x} * threads + threadIdx.x) / 32; c < p.c; c += int64_t{gridDim.x} * warps) {
    double total = 0;
    for (int chunk = lane; chunk < cut.chunks; chunk += 32) total += sums[c * cut.chunks + chunk];
    total = warp_sum(total);
    if (lane == 0) gb[c] = static_cast<A>(total);
  }
}

size_t scratch_bytes(const BiasActivationProblem& p) {
  return static_cast<size_t>(p.c) * static_cast<size_t>(cut_of(p).chunks) * sizeof(double);
}

template <class T>
void run_as(const BiasActivationProblem& p, const BiasActivationGrad::Args& a, Scratch scratch, Stream stream) {
  static const int resident = resident_blocks(bias_activation_grad_tiles<T>, threads, sizeof(Sums<T>));
  const Cut cut = cut_of(p);
  const int64_t blocks = std::clamp<int64_t>(int64_t{cut.tiles} * cut.chunks, 1, resident);
  launch_cooperative({.grid = static_cast<unsigned>(blocks), .block = threads, .shared_bytes = sizeof(Sums<T>)}, stream,
                     bias_activation_grad_tiles<T>, p, cut, static_cast<const T*>(a.y), static_cast<const T*>(a.g),
                     static_cast<double*>(scratch.data), static_cast<T*>(a.gx), static_cast<accumulator_t<T>*>(a.gb));
}
void run(const BiasActivationProblem& p, const BiasActivationGrad::Args& a, Scratch scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, scratch, stream);
  else run_as<float>(p, a, scratch, stream);
}

KERNEL_VARIANT(BiasActivationGrad, tiles, 2, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
