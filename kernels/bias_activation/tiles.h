// What the CUDA rows of 16-byte requests share. A block of 32×8 threads goes through tiles: as many channels as eight requests hold (128
// bytes of a row), four rows a warp, over a chunk of rows. A thread keeps its channels, so it finds them once, and their biases or sums lie
// in registers. How [rows, c] is cut depends on the problem alone, and so does the order of addition.
#pragma once
#include <algorithm>

#include "kernels/bias_activation/functions.h"
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel::bias_tiles {

constexpr int lanes = 8, rows_at_once = 32, threads = lanes * rows_at_once, warps = threads / 32;
template <class T>
constexpr int channels = lanes* pack_elements<T>;

inline bool supports(const BiasActivationProblem& p) {
  return bias_activation_supports(p) &&
         ((p.dtype == DType::f32 && p.c % pack_elements<float> == 0) || (p.dtype == DType::bf16 && p.c % pack_elements<bf16> == 0));
}

struct Cut {
  int tiles, chunks;
  int64_t chunk_rows;
};
// A few tiles for each block that the largest cards hold at once (132 multiprocessors, four blocks of the gradient each), so that the last
// ones do not wait long for each other; of at least four rows a thread.
inline Cut cut_of(const BiasActivationProblem& p) {
  constexpr int64_t wanted = 4 * 4 * 132, least_rows = 4 * rows_at_once;
  const int wide = p.dtype == DType::f32 ? channels<float> : channels<bf16>, tiles = (p.c + wide - 1) / wide;
  const int64_t chunks = std::max<int64_t>(1, wanted / tiles);
  const int64_t each = std::max(least_rows, (p.rows + chunks * rows_at_once - 1) / (chunks * rows_at_once) * rows_at_once);
  return {tiles, static_cast<int>((p.rows + each - 1) / each), each};
}

// This thread's place in the tile number `item`.
template <class T>
struct Place {
  int lane, chunk, c;  // c: the thread's first channel, which may lie beyond the last
  int tile_c;          // the tile's first
  int64_t row, end;    // the thread's first row, and the chunk's end
  __device__ Place(const BiasActivationProblem& p, const Cut& cut, int64_t item)
      : lane(static_cast<int>(threadIdx.x) % lanes), chunk(static_cast<int>(item / cut.tiles)) {
    tile_c = static_cast<int>(item % cut.tiles) * channels<T>;
    c = tile_c + lane * pack_elements<T>;
    row = chunk * cut.chunk_rows + static_cast<int>(threadIdx.x) / lanes;
    end = min((chunk + int64_t{1}) * cut.chunk_rows, p.rows);
  }
};

}  // namespace duel::bias_tiles
