// Layout ops on the CPU: rows move by memcpy, a transpose goes through tiles, and scatter_add is cut by columns.
#include <algorithm>
#include <cstring>

#include "kernels/layout/layout.h"
#include "kernels/layout/word.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

// Rows that make up a chunk of elements.
int64_t rows_a_chunk(int64_t row_length) { return std::max<int64_t>(1, chunk_elements / std::max<int64_t>(1, row_length)); }

// Copies `rows` rows of `bytes` each between two strides.
void copy_rows(char* to, size_t to_stride, const char* from, size_t from_stride, size_t bytes, int64_t rows) {
  if (bytes == 0) return;  // an empty side may have no buffer
  for (int64_t r = 0; r < rows; ++r)
    std::memcpy(to + static_cast<size_t>(r) * to_stride, from + static_cast<size_t>(r) * from_stride, bytes);
}

void run_concat(const ConcatChannelsProblem& p, const ConcatChannels::Args& args, Scratch, Stream) {
  const size_t a_bytes = static_cast<size_t>(p.ca) * size_of(p.dtype), b_bytes = static_cast<size_t>(p.cb) * size_of(p.dtype);
  const size_t y_bytes = a_bytes + b_bytes;
  parallel_chunks(p.rows, rows_a_chunk(p.ca + p.cb), [&](int64_t begin, int64_t end, int64_t) {
    char* y = static_cast<char*>(args.y) + static_cast<size_t>(begin) * y_bytes;
    if (a_bytes)
      copy_rows(y, y_bytes, static_cast<const char*>(args.a) + static_cast<size_t>(begin) * a_bytes, a_bytes, a_bytes, end - begin);
    if (b_bytes)
      copy_rows(y + a_bytes, y_bytes, static_cast<const char*>(args.b) + static_cast<size_t>(begin) * b_bytes, b_bytes, b_bytes,
                end - begin);
  });
}

void run_slice(const SliceChannelsProblem& p, const SliceChannels::Args& args, Scratch, Stream) {
  const size_t size = size_of(p.dtype), x_bytes = static_cast<size_t>(p.c) * size, y_bytes = static_cast<size_t>(p.count) * size;
  if (y_bytes == 0) return;
  parallel_chunks(p.rows, rows_a_chunk(p.c), [&](int64_t begin, int64_t end, int64_t) {
    copy_rows(static_cast<char*>(args.y) + static_cast<size_t>(begin) * y_bytes, y_bytes,
              static_cast<const char*>(args.x) + static_cast<size_t>(begin) * x_bytes + static_cast<size_t>(p.from) * size, x_bytes,
              y_bytes, end - begin);
  });
}

void run_gather(const GatherRowsProblem& p, const GatherRows::Args& args, Scratch, Stream) {
  const size_t bytes = static_cast<size_t>(p.cols) * size_of(p.dtype);
  const int32_t* index = static_cast<const int32_t*>(args.index);
  parallel_chunks(p.count, rows_a_chunk(p.cols), [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i)
      std::memcpy(static_cast<char*>(args.y) + static_cast<size_t>(i) * bytes,
                  static_cast<const char*>(args.table) + static_cast<size_t>(index[i]) * bytes, bytes);
  });
}

// Each task owns a band of columns in every row of y and walks all of g in order: no two tasks add to the same element.
template <class T>
void scatter(const GatherRowsProblem& p, const T* g, const int32_t* index, float* y) {
  constexpr int64_t band = 256;
  parallel_chunks(p.cols, band, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t r = 0; r < p.rows; ++r) std::memset(y + r * p.cols + begin, 0, static_cast<size_t>(end - begin) * sizeof(float));
    for (int64_t i = 0; i < p.count; ++i) {
      float* __restrict to = y + index[i] * p.cols;
      const T* __restrict from = g + i * p.cols;
#pragma GCC ivdep
      for (int64_t c = begin; c < end; ++c) to[c] += static_cast<float>(from[c]);
    }
  });
}

void run_scatter(const GatherRowsProblem& p, const ScatterAddRows::Args& args, Scratch, Stream) {
  const int32_t* index = static_cast<const int32_t*>(args.index);
  float* y = static_cast<float*>(args.y);
  if (p.dtype == DType::bf16) scatter(p, static_cast<const bf16*>(args.g), index, y);
  else scatter(p, static_cast<const float*>(args.g), index, y);
}

// Tiles of 64 bytes × 64 bytes, turned in a buffer of their own: whole cache lines are read and written, and the turning itself never meets
// the strides of x and y, whose powers of two would put a tile's lines into the same few places of the cache.
template <class W>
void transpose(const TransposeProblem& p, const W* x, W* y) {
  constexpr int64_t tile = 64 / static_cast<int64_t>(sizeof(W));
  const int64_t down = chunks_of(p.rows, tile), across = chunks_of(p.cols, tile);
  const int64_t tiles_a_task = std::max<int64_t>(1, chunk_elements / (tile * tile));
  parallel_chunks(p.batch * across * down, tiles_a_task, [&](int64_t begin, int64_t end, int64_t) {
    alignas(64) W buffer[tile * tile];
    for (int64_t t = begin; t < end; ++t) {  // along the rows of x first
      const int64_t b = t / (across * down), row = t / across % down * tile, column = t % across * tile;
      const int64_t rows = std::min(tile, p.rows - row), columns = std::min(tile, p.cols - column);
      const W* from = x + (b * p.rows + row) * p.cols + column;
      W* to = y + (b * p.cols + column) * p.rows + row;
      if (rows < tile || columns < tile) {  // the rim, or a matrix with one short side: few lines, no buffer needed
        for (int64_t c = 0; c < columns; ++c)
          for (int64_t r = 0; r < rows; ++r) to[c * p.rows + r] = from[r * p.cols + c];
        continue;
      }
      for (int64_t r = 0; r < tile; ++r)
        for (int64_t c = 0; c < tile; ++c) buffer[c * tile + r] = from[r * p.cols + c];
      for (int64_t c = 0; c < tile; ++c) std::memcpy(to + c * p.rows, buffer + c * tile, tile * sizeof(W));
    }
  });
}

void run_transpose(const TransposeProblem& p, const Transpose::Args& args, Scratch, Stream) {
  with_word(p.dtype, [&](auto tag) {
    using W = typename decltype(tag)::type;
    transpose(p, static_cast<const W*>(args.x), static_cast<W*>(args.y));
  });
}

bool any_concat(const ConcatChannelsProblem&) { return true; }
bool any_slice(const SliceChannelsProblem&) { return true; }
bool any_gather(const GatherRowsProblem&) { return true; }
bool supports_scatter(const GatherRowsProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::bf16; }
bool any_transpose(const TransposeProblem&) { return true; }

KERNEL_VARIANT(ConcatChannels, openmp, 10, any_concat, no_scratch, run_concat);
KERNEL_VARIANT(SliceChannels, openmp, 10, any_slice, no_scratch, run_slice);
KERNEL_VARIANT(GatherRows, openmp, 10, any_gather, no_scratch, run_gather);
KERNEL_VARIANT(ScatterAddRows, openmp, 10, supports_scatter, no_scratch, run_scatter);
KERNEL_VARIANT(Transpose, openmp, 10, any_transpose, no_scratch, run_transpose);

}  // namespace
}  // namespace duel
