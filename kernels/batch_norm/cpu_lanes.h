// How the CPU rows see [rows, c]: `group` rows side by side are one line of `width` = group·c lanes, a multiple of a vector where that can
// be had, so that one and three channels run as fast as 64. Lane j belongs to channel j % c. A chunk is a fixed number of lines.
#pragma once
#include <numeric>

#include "kernels/batch_norm/functions.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

struct Lanes {
  int c;
  int group;  // rows in a line
  int width;  // group · c
  int64_t rows;
  int64_t chunk_rows;  // a multiple of group
  int64_t chunks;
};

inline Lanes lanes_of(int c, int64_t rows) {
  Lanes l{c, 1, c, rows, 0, 0};
  if (c <= 256) {
    l.group = 16 / std::gcd(c, 16);
    while (l.group * c < 64) l.group *= 2;
  }
  l.width = l.group * c;
  // 64 KiB of f32 stay in the second-level cache between the passes over a chunk; for wide lines, 64 of them, so that the partial sums
  // are few beside the data.
  l.chunk_rows = std::max<int64_t>(64, chunk_elements / l.width) * l.group;
  l.chunks = chunks_of(rows, l.chunk_rows);
  return l;
}
inline Lanes lanes_of(const BatchNormProblem& p) { return lanes_of(p.c, p.rows); }

// Per-channel values repeated along a line.
inline void spread(const Lanes& l, const float* channel, float* line) {
  for (int g = 0; g < l.group; ++g) std::copy(channel, channel + l.c, line + int64_t{g} * l.c);
}

constexpr int tile = 64;  // lanes summed at a time, in registers

// f(first lane, tile lanes or fewer) for each tile of a line; whole tiles pass their size as a constant.
template <class F>
void each_tile(int width, F&& f) {
  int j = 0;
  for (; j + tile <= width; j += tile) f(j, std::integral_constant<int, tile>{});
  if (j < width) f(j, width - j);
}

// sums[2][c] of all chunks → their totals in the first chunk's place, added in the order of the chunks.
inline void add_chunks(const Lanes& l, double* sums) {
  const int64_t stride = 2 * int64_t{l.c};
  parallel_chunks(stride, 16, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t chunk = 1; chunk < l.chunks; ++chunk)
      for (int64_t j = begin; j < end; ++j) sums[j] += sums[chunk * stride + j];
  });
}

}  // namespace
}  // namespace duel
