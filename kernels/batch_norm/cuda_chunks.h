// How the CUDA rows cut [rows, c] for sums over rows: at most 512 chunks, whose partial results lie in scratch as double[chunks][2][c].
// Double, because a chunk's mean rounded to f32 is off by more than a small deviation from a large mean allows.
#pragma once
#include "kernels/batch_norm/functions.h"

namespace duel {

struct RowChunks {
  int64_t rows;
  int chunks;
};  // rows a chunk

HD inline RowChunks row_chunks(int64_t rows) {
  const int64_t wanted = (rows + 63) / 64 < 512 ? (rows + 63) / 64 : 512;
  const int64_t each = (rows + wanted - 1) / wanted;
  return {each, static_cast<int>((rows + each - 1) / each)};
}
inline size_t partial_bytes(const BatchNormProblem& p) {
  return static_cast<size_t>(row_chunks(p.rows).chunks) * 2 * static_cast<size_t>(p.c) * sizeof(double);
}

}  // namespace duel
