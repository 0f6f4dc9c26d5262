// Means and sums of squared deviations over rows, for the forward passes on the CPU: each chunk's around its own mean, found in two passes
// while it is in the cache, and the chunks joined by Chan, Golub & LeVeque's formula (1983), in order. E[x²] − E[x]² is never formed.
#pragma once
#include "kernels/batch_norm/cpu_lanes.h"

namespace duel {
namespace {

// Mean and sum of squared deviations of each channel over `rows` rows, into moments[2][c].
template <class T>
void chunk_moments(const Lanes& l, const T* __restrict x, int64_t rows, double* __restrict moments) {
  const int64_t lines = rows / l.group, rest = rows % l.group;
  double *mean = moments, *deviations = moments + l.c;
  std::fill(moments, moments + 2 * l.c, 0.0);
  // Deviations are taken from `shift`, the f32 mean of a lane; what that mean misses is put right in double.
  const double n = static_cast<double>(lines), all = static_cast<double>(rows);
  alignas(64) float shift[tile], sum[tile], square[tile];
  auto measure = [&](int j, auto size) {
    for (int i = 0; i < size; ++i) sum[i] = 0;
    for (int64_t k = 0; k < lines; ++k) {
      const T* __restrict line = x + k * l.width + j;
#pragma omp simd
      for (int i = 0; i < size; ++i) sum[i] += static_cast<float>(line[i]);
    }
    const float inverse = 1.f / static_cast<float>(lines);
    for (int i = 0; i < size; ++i) shift[i] = sum[i] * inverse, sum[i] = 0, square[i] = 0;
    for (int64_t k = 0; k < lines; ++k) {
      const T* __restrict line = x + k * l.width + j;
#pragma omp simd
      for (int i = 0; i < size; ++i) {
        const float d = static_cast<float>(line[i]) - shift[i];
        sum[i] += d;
        square[i] += d * d;
      }
    }
  };
  if (l.group == 1) {  // a lane is a channel
    each_tile(l.width, [&](int j, auto size) {
      measure(j, size);
      for (int i = 0; i < size; ++i) {
        mean[j + i] = shift[i] + sum[i] / n;
        deviations[j + i] = square[i] - static_cast<double>(sum[i]) * sum[i] / n;
      }
    });
    return;
  }
  // Several lanes a channel, and perhaps rows that fill no line. Everything is joined around the chunk's first row, which is near enough
  // for double.
  if (lines)
    each_tile(l.width, [&](int j, auto size) {
      measure(j, size);
      for (int i = 0; i < size; ++i) {
        const int c = (j + i) % l.c;
        const double d = shift[i] + sum[i] / n - static_cast<double>(x[c]);
        mean[c] += d * n;
        deviations[c] += square[i] - static_cast<double>(sum[i]) * sum[i] / n + d * d * n;
      }
    });
  for (int64_t r = lines * l.group; r < lines * l.group + rest; ++r)
    for (int c = 0; c < l.c; ++c) {
      const double d = static_cast<double>(x[r * l.c + c]) - static_cast<double>(x[c]);
      mean[c] += d;
      deviations[c] += d * d;
    }
  for (int c = 0; c < l.c; ++c) {
    deviations[c] -= mean[c] * mean[c] / all;
    mean[c] = static_cast<double>(x[c]) + mean[c] / all;
  }
}

constexpr int64_t joined_channels = 16;  // at a time, so that neighbours share the loads

// Chunks' moments → those of all rows, in place of the first chunk's, for channels [begin, end): at most joined_channels.
inline void join_chunks(const Lanes& l, double* moments, int64_t begin, int64_t end) {
  const int64_t stride = 2 * int64_t{l.c};
  const double whole = static_cast<double>(l.chunk_rows), last = static_cast<double>(l.rows - (l.chunks - 1) * l.chunk_rows);
  const int count = static_cast<int>(end - begin);
  double sum[joined_channels] = {}, mean[joined_channels], deviations[joined_channels] = {};
  for (int64_t k = 0; k < l.chunks; ++k)
    for (int i = 0; i < count; ++i) sum[i] += moments[k * stride + begin + i] * (k + 1 < l.chunks ? whole : last);
  for (int i = 0; i < count; ++i) mean[i] = sum[i] / static_cast<double>(l.rows);
  for (int64_t k = 0; k < l.chunks; ++k)
    for (int i = 0; i < count; ++i) {
      const double d = moments[k * stride + begin + i] - mean[i];
      deviations[i] += moments[k * stride + l.c + begin + i] + d * d * (k + 1 < l.chunks ? whole : last);
    }
  for (int i = 0; i < count; ++i) moments[begin + i] = mean[i], moments[l.c + begin + i] = deviations[i];
}

}  // namespace
}  // namespace duel
