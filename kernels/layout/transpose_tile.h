// Transposing by tiles of 32 × 32 elements in shared memory: rows of x go in, rows of y come out, each warp reading and writing neighbours.
// What rungs 2 and 3 differ in is the pitch, the elements from one row of the tile to the next.
#pragma once
#include "kernels/launch.h"
#include "kernels/layout/layout.h"
#include "kernels/layout/word.h"

namespace duel {

constexpr int tile_side = 32, tile_rows_at_once = 8;  // a block is 32 × 8 threads, so each thread moves four elements

template <class W, int pitch>
struct TransposeTile {
  W at[tile_side][pitch];
};

template <class W, int pitch>
__global__ void transpose_tiles(TransposeProblem p, const W* x, W* y) {
  auto& tile = shared_storage<TransposeTile<W, pitch>>();
  const int64_t across = (p.cols + tile_side - 1) / tile_side, down = (p.rows + tile_side - 1) / tile_side;
  const int lane = static_cast<int>(threadIdx.x), line = static_cast<int>(threadIdx.y);
  for (int64_t t = blockIdx.x; t < p.batch * down * across; t += gridDim.x) {
    const int64_t c0 = t % across * tile_side, r0 = t / across % down * tile_side, b = t / across / down;
    for (int i = line; i < tile_side; i += tile_rows_at_once)
      if (r0 + i < p.rows && c0 + lane < p.cols) tile.at[i][lane] = x[(b * p.rows + r0 + i) * p.cols + c0 + lane];
    __syncthreads();
    for (int i = line; i < tile_side; i += tile_rows_at_once)
      if (c0 + i < p.cols && r0 + lane < p.rows) y[(b * p.cols + c0 + i) * p.rows + r0 + lane] = tile.at[lane][i];
    __syncthreads();  // the next tile comes into the same memory
  }
}

template <int pitch>
void run_transpose_tiles(const TransposeProblem& p, const Transpose::Args& a, Scratch, Stream stream) {
  const int64_t tiles = p.batch * ((p.rows + tile_side - 1) / tile_side) * ((p.cols + tile_side - 1) / tile_side);
  with_word(p.dtype, [&](auto tag) {
    using W = typename decltype(tag)::type;
    launch({.grid = stride_blocks(tiles, 1), .block = dim3(tile_side, tile_rows_at_once), .shared_bytes = sizeof(TransposeTile<W, pitch>)},
           stream, transpose_tiles<W, pitch>, p, static_cast<const W*>(a.x), static_cast<W*>(a.y));
  });
}

}  // namespace duel
