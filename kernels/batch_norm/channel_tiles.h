// What the CUDA rows of 16-byte requests share. A block of 32×8 threads sees a tile of channels, as wide as eight requests: 128 bytes of a
// row, four rows a warp. Sums over rows are made in three steps of a fixed order: a thread's in the accumulator, over the rows that are
// 32 apart; a block's, in double, which go to scratch as [groups][chunks][2][c]; and all chunks', by every block that needs them, for its
// own tile. That is a few kilobytes from L2 for each block, and saves a launch.
#pragma once
#include <algorithm>

#include "kernels/batch_norm/cuda_chunks.h"
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel::channel_tiles {

constexpr int lanes = 8, rows_at_once = 32, threads = lanes * rows_at_once, warps = threads / 32;
template <class T>
constexpr int channels = lanes* pack_elements<T>;

inline bool fits(const BatchNormProblem& p) {
  constexpr int most_groups = 65535;  // of a grid
  return p.groups <= most_groups &&
         ((p.dtype == DType::f32 && p.c % pack_elements<float> == 0) || (p.dtype == DType::bf16 && p.c % pack_elements<bf16> == 0));
}

// How the work lies on the grid (tile, chunk, group): a function of the problem alone, so that the order of addition is too.
inline int tiles_of(const BatchNormProblem& p) {
  const int wide = p.dtype == DType::f32 ? channels<float> : channels<bf16>;
  return (p.c + wide - 1) / wide;
}
inline RowChunks chunks_for(const BatchNormProblem& p, int wanted_blocks, int most) {
  const int64_t beside = int64_t{tiles_of(p)} * p.groups;
  const int64_t wanted = std::clamp<int64_t>(wanted_blocks / beside, 1, most);
  const int64_t each = std::max<int64_t>(2, (p.rows + wanted * rows_at_once - 1) / (wanted * rows_at_once)) * rows_at_once;
  return {each, static_cast<int>((p.rows + each - 1) / each)};
}
// Two waves of the largest cards where the sums are made, four where all is read and written; few enough chunks for the blocks to join.
inline RowChunks summed_chunks(const BatchNormProblem& p) { return chunks_for(p, 264, 64); }
inline RowChunks written_chunks(const BatchNormProblem& p) { return chunks_for(p, 1056, 65535); }
inline size_t bytes_of_sums(const BatchNormProblem& p, const RowChunks& r) {
  return static_cast<size_t>(p.groups) * static_cast<size_t>(r.chunks) * 2 * static_cast<size_t>(p.c) * sizeof(double);
}
inline size_t sums_bytes(const BatchNormProblem& p) { return bytes_of_sums(p, summed_chunks(p)); }
inline dim3 grid_of(const BatchNormProblem& p, const RowChunks& r) {
  return dim3(static_cast<unsigned>(tiles_of(p)), static_cast<unsigned>(r.chunks), static_cast<unsigned>(p.groups));
}

// This thread's place.
template <class T>
struct Place {
  int lane = static_cast<int>(threadIdx.x) % lanes, row = static_cast<int>(threadIdx.x) / lanes;
  int tile = static_cast<int>(blockIdx.x) * channels<T>;  // the block's first channel
  int c = tile + lane * pack_elements<T>;                 // the thread's first
  int64_t begin, end;                                     // rows of the chunk, within the group
  int64_t group;                                          // first element of the group
  __device__ Place(const BatchNormProblem& p, const RowChunks& r)
      : begin(int64_t{blockIdx.y} * r.rows), end(min(begin + r.rows, int64_t{p.rows})), group(int64_t{blockIdx.z} * p.rows * p.c) {}
};

// Where the block's two sums of each channel go.
__device__ inline double* sums_of_block(const BatchNormProblem& p, double* sums) {
  return sums + (int64_t{blockIdx.z} * gridDim.y + blockIdx.y) * 2 * p.c;
}

// A tile's values of an array with one value a channel, in shared memory. Fours of channels that the eight lanes take in one request lie
// side by side, so that no two of them meet in a bank.
template <class T>
struct TileValues {
  using A = accumulator_t<T>;
  alignas(16) A value[channels<T>];
  __device__ A& operator[](int j) {  // channel j of the tile
    const int lane = j / pack_elements<T>, e = j % pack_elements<T>;
    return value[(e / 4 * lanes + lane) * 4 + e % 4];
  }
  __device__ void load(const Place<T>& at, A* to) const {  // those of a thread
    for (int i = 0; i < pack_elements<T>; i += 4) {
      const auto four = load_vec<Pack<A, 4>>(value + (i / 4 * lanes + at.lane) * 4);
      for (int e = 0; e < 4; ++e) to[i + e] = four.at[e];
    }
  }
};

// The block's two sums of each channel of its tile.
template <class T>
struct BlockSums {
  double of_warp[warps][2][channels<T>];
};
// a and b: a thread's sums for its channels. Written to sums[2][c] of the block's chunk.
template <class T>
__device__ void add_block(const BatchNormProblem& p, const Place<T>& at, const accumulator_t<T>* a, const accumulator_t<T>* b,
                          BlockSums<T>& shared, double* sums) {
  constexpr int V = pack_elements<T>;
  const int warp = static_cast<int>(threadIdx.x) / 32;
  for (int e = 0; e < V; ++e) {
    double one = static_cast<double>(a[e]), two = static_cast<double>(b[e]);
    for (int by = lanes; by < 32; by *= 2) one += __shfl_xor_sync(0xffffffffu, one, by), two += __shfl_xor_sync(0xffffffffu, two, by);
    // Channels of one element number lie side by side, so that the eight lanes that write do it without conflict.
    if (threadIdx.x % 32 < lanes) shared.of_warp[warp][0][e * lanes + at.lane] = one, shared.of_warp[warp][1][e * lanes + at.lane] = two;
  }
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < 2 * channels<T>; i += threads) {
    const int which = i / channels<T>, j = i % channels<T>, c = at.tile + j;
    if (c >= p.c) continue;
    double total = 0;
    for (int w = 0; w < warps; ++w) total += shared.of_warp[w][which][j % V * lanes + j / V];
    sums[which * p.c + c] = total;
  }
}

// The sums of all chunks of one group, for the block's tile.
template <class T>
struct JoinedSums {
  static constexpr int slots = threads / (2 * channels<T>);
  double part[slots][2 * channels<T>];
  double total[2][channels<T>];
};
template <class T>
__device__ void join_chunks(const BatchNormProblem& p, int tile, int chunks, const double* sums, JoinedSums<T>& shared) {
  constexpr int columns = 2 * channels<T>, slots = JoinedSums<T>::slots;
  const int column = static_cast<int>(threadIdx.x) % columns, slot = static_cast<int>(threadIdx.x) / columns;
  const int which = column / channels<T>, c = tile + column % channels<T>;
  double sum = 0;
  if (c < p.c)
    for (int chunk = slot; chunk < chunks; chunk += slots) sum += sums[(int64_t{chunk} * 2 + which) * p.c + c];
  shared.part[slot][column] = sum;
  __syncthreads();
  if (slot == 0) {
    for (int s = 1; s < slots; ++s) sum += shared.part[s][column];
    shared.total[which][column % channels<T>] = sum;
  }
  __syncthreads();
}

}  // namespace duel::channel_tiles
