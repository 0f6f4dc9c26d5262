// A tile of bf16 in shared memory, moved in chunks of 16 bytes and read by ldmatrix.
//
// Chunks of a row are permuted by the row's number, so that the eight rows of a matrix lie in different banks, whether they are read as
// rows or filled side by side: eight chunks are one wavefront.
#pragma once
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {

constexpr int chunk_elements = 8;

template <int rows_, int cols>
struct alignas(128) SharedTile {
  static constexpr int rows = rows_, chunks = cols / chunk_elements;
  static_assert(chunks == 4 || chunks % 8 == 0, "a row is 64 bytes or a multiple of 128");
  bf16 element[rows * cols];
  __device__ bf16* at(int row, int chunk) {
    const int turn = chunks == 4 ? row / 2 % 4 : row % 8;
    return element + row * cols + (chunk ^ turn) * chunk_elements;
  }
};

// Where a chunk comes from; `inside` false: zeros, and nothing is read.
struct Chunk {
  const bf16* from;
  bool inside;
};

// Begins to fill a tile, chunk by chunk over the threads of the block; source(row, chunk) → Chunk.
template <int threads, int rows, int cols, class Source>
__device__ void fill_async(SharedTile<rows, cols>& tile, Source source) {
  constexpr int chunks = SharedTile<rows, cols>::chunks;
#pragma unroll
  for (int i = static_cast<int>(threadIdx.x); i < rows * chunks; i += threads) {
    const Chunk chunk = source(i / chunks, i % chunks);
    copy_async<16>(tile.at(i / chunks, i % chunks), chunk.from, chunk.inside);
  }
}

}  // namespace duel
