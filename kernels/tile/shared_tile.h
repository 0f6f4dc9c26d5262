// A tile of bf16 or f32 in shared memory, moved in chunks of 16 bytes.
//
// Chunks of a row are permuted by the row's number, so that what a warp reads together lies in different banks: the eight rows of a matrix
// (ldmatrix), or, by_column, two chunks in each of four rows, four bytes a lane. Chunks side by side always do.
#pragma once
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {

template <class T>
constexpr int chunk_elements = 16 / static_cast<int>(sizeof(T));

template <class T, int rows_, int cols, bool by_column = false>
struct alignas(128) SharedTile {
  static constexpr int rows = rows_, chunks = cols / chunk_elements<T>;
  static_assert(chunks == 4 || chunks % 8 == 0, "a row is 64 bytes or a multiple of 128");
  static_assert(!by_column || chunks % 8 == 0, "four rows of two chunks each fill the banks once");
  T element[rows * cols];
  __device__ T* at(int row, int chunk) {
    const int turn = by_column ? row % 4 * 2 : chunks == 4 ? row / 2 % 4 : row % 8;
    return element + row * cols + (chunk ^ turn) * chunk_elements<T>;
  }
  __device__ T& value(int row, int col) { return at(row, col / chunk_elements<T>)[col % chunk_elements<T>]; }
};

// Where a chunk comes from; `inside` false: zeros, and nothing is read.
template <class T>
struct Chunk {
  const T* from;
  bool inside;
};

// Begins to fill a tile, chunk by chunk over the threads of the block; source(row, chunk) → Chunk<T>. Returns which of the thread's own
// chunks are inside, a bit each.
template <int threads, class Tile, class Source>
__device__ unsigned fill_async(Tile& tile, Source source) {
  unsigned inside = 0;
#pragma unroll
  for (int i = static_cast<int>(threadIdx.x), l = 0; i < Tile::rows * Tile::chunks; i += threads, ++l) {
    const int row = i / Tile::chunks, column = i % Tile::chunks;
    const auto chunk = source(row, column);
    copy_async<16>(tile.at(row, column), chunk.from, chunk.inside);
    inside |= static_cast<unsigned>(chunk.inside) << l;
  }
  return inside;
}

}  // namespace duel
