// Rows of the result, a line of pixels at a time, channel by channel: places, weights, colour and range are loops that become vector code;
// only the reads are done pixel by pixel. The arithmetic is that of augment_pixel(), operation for operation, so the bits are the same.
//
// For what nearly all recipes are: one or three channels, bilinear, a map without perspective or elastic grid, no sharpness.
#pragma once
#include <algorithm>
#include <cstring>

#include "augment/pipeline/cpu_statistics.h"

namespace duel {

constexpr int line_pixels = 128;

inline bool fits_lines(const AugmentProblem& p, const Applied& a) {
  const float* m = a.map.m;
  return (p.c == 1 || p.c == 3) && p.recipe.interpolation == Interpolation::bilinear && a.nodes == 0 && a.sharpness == 1 && m[6] == 0 &&
         m[7] == 0 && m[8] == 1;
}

// Where the pixels of a line are read: the upper left of four neighbours, and the weight of each.
struct LineReads {
  int row[line_pixels], column[line_pixels];
  float weight[4][line_pixels];
};

inline void place_line(const Map& map, float v, int from, float across, float weight, int count, LineReads& reads) {
  const float* m = map.m;
  const auto within = [](float t) { return t > -1e6f ? t < 1e6f ? t : 1e6f : -1e6f; };
  const auto below = [](float t) {
    const float whole = static_cast<float>(static_cast<int32_t>(t));
    return whole > t ? whole - 1.f : whole;
  };
  const float xv = m[1] * v, yv = m[4] * v;
#pragma omp simd
  for (int j = 0; j < count; ++j) {
    const float u = static_cast<float>(from + j) + across;
    const float x = within(m[0] * u + xv + m[2]) - .5f, y = within(m[3] * u + yv + m[5]) - .5f;
    const float x0 = below(x), y0 = below(y), tx = x - x0, ty = y - y0;
    reads.column[j] = static_cast<int>(x0), reads.row[j] = static_cast<int>(y0);
    const float upper = weight * (1.f - ty), lower = weight * ty;
    reads.weight[0][j] = upper * (1.f - tx), reads.weight[1][j] = upper * tx;
    reads.weight[2][j] = lower * (1.f - tx), reads.weight[3][j] = lower * tx;
  }
}

// Three bytes and the one behind them, as floats at once. (__builtin_convertvector from bytes goes one by one in g++ 12.)
using Bytes16 = uint8_t __attribute__((vector_size(16)));
using Words4 = uint32_t __attribute__((vector_size(16)));
using Integers4 = int32_t __attribute__((vector_size(16)));
using Floats4 = float __attribute__((vector_size(16)));
inline Floats4 floats_at(const uint8_t* at) {
  Words4 word{};
  std::memcpy(&word, at, 4);
  const Bytes16 bytes = (Bytes16)word;
  const Bytes16 wide = __builtin_shufflevector(bytes, Bytes16{}, 0, 16, 16, 16, 1, 16, 16, 16, 2, 16, 16, 16, 3, 16, 16, 16);
  return __builtin_convertvector((Integers4)wide, Floats4);
}

template <int C, class X>
void read_line(const AugmentProblem& p, const Source<Image<X>>& source, float fill, const LineReads& reads, int count,
               float (&sum)[C][line_pixels]) {
  for (int j = 0; j < count; ++j) {
    const int row = reads.row[j], column = reads.column[j];
    const float w[4] = {reads.weight[0][j], reads.weight[1][j], reads.weight[2][j], reads.weight[3][j]};
    const bool inside = row >= 0 && column >= 0 && row < p.h - 1 && column < p.w - 1;
    if constexpr (C == 3 && sizeof(X) == 1) {
      if (inside && !(row == p.h - 2 && column == p.w - 2)) {  // behind the last pixel lies nothing that may be read
        const uint8_t *upper = source.value.x + (int64_t{row} * p.w + column) * 3, *lower = upper + int64_t{p.w} * 3;
        Floats4 s{sum[0][j], sum[1][j], sum[2][j], 0};
        s = s + w[0] * floats_at(upper), s = s + w[1] * floats_at(upper + 3);
        s = s + w[2] * floats_at(lower), s = s + w[3] * floats_at(lower + 3);
        for (int c = 0; c < 3; ++c) sum[c][j] = s[c];
        continue;
      }
    }
    if (inside) {
      for (int c = 0; c < C; ++c) {
        float s = sum[c][j];
        s = s + w[0] * source.plain(row, column, c).v, s = s + w[1] * source.plain(row, column + 1, c).v;
        s = s + w[2] * source.plain(row + 1, column, c).v, s = s + w[3] * source.plain(row + 1, column + 1, c).v;
        sum[c][j] = s;
      }
      continue;
    }
    for (int k = 0; k < 4; ++k) {
      const int r = border_index(row + k / 2, p.h, p.recipe.border), q = border_index(column + k % 2, p.w, p.recipe.border);
      for (int c = 0; c < C; ++c) sum[c][j] = sum[c][j] + w[k] * (r < 0 || q < 0 ? fill : source.plain(r, q, c).v);
    }
  }
}

template <int C>
void color_line(const ColorStep& s, const ImageStatistics* statistics, int count, float (&v)[C][line_pixels]) {
  const float* m = s.m;
  if (s.kind != ColorKind::affine) {
    for (int j = 0; j < count; ++j) {
      Exact pixel[C];
      for (int c = 0; c < C; ++c) pixel[c] = v[c][j];
      color_pixel(s, statistics, C, pixel, 0);
      for (int c = 0; c < C; ++c) v[c][j] = pixel[c];
    }
  } else if constexpr (C == 3) {
#pragma omp simd
    for (int j = 0; j < count; ++j) {
      const float r = v[0][j], g = v[1][j], b = v[2][j];
      v[0][j] = m[0] * r + m[1] * g + m[2] * b + m[3];
      v[1][j] = m[4] * r + m[5] * g + m[6] * b + m[7];
      v[2][j] = m[8] * r + m[9] * g + m[10] * b + m[11];
    }
  } else {
#pragma omp simd
    for (int j = 0; j < count; ++j) v[0][j] = m[0] * v[0][j] + m[1];
  }
}

// Boxes, noise and range of pixels [from, from + count) of row i, and out with them.
template <int C, class Y>
void finish_line(const AugmentProblem& p, const Applied& a, int i, int from, int count, float (&v)[C][line_pixels], Y* y) {
  for (int k = 0; k < a.boxes; ++k) {
    const Box& box = a.box[k];
    if (i < box.top || i >= box.bottom) continue;
    const int begin = std::clamp(box.left - from, 0, count), end = std::clamp(box.right - from, begin, count);
    for (int c = 0; c < C; ++c) std::fill(v[c] + begin, v[c] + end, box.value);
  }
  for (int c = 0; c < C; ++c) {
    for (int k = 0; k < a.noises; ++k)
      for (int j = 0; j < count; ++j) v[c][j] = add_noise(p, a, a.noise[k], int64_t{i} * p.q + from + j, c, v[c][j]);
    const float mean = p.recipe.mean[c], std = p.recipe.std[c];
    if (p.recipe.clamp)
#pragma omp simd
      for (int j = 0; j < count; ++j) v[c][j] = v[c][j] > 0.f ? v[c][j] < 1.f ? v[c][j] : 1.f : 0.f;
#pragma omp simd
    for (int j = 0; j < count; ++j) v[c][j] = (v[c][j] - mean) / std;
  }
  for (int j = 0; j < count; ++j)
    for (int c = 0; c < C; ++c) y[j * C + c] = static_cast<Y>(v[c][j]);
}

template <int C, class X, class Y>
void augment_lines(const AugmentProblem& p, const Prepared& sample, const X* x, int i, Y* y) {
  const Applied& a = sample.applied;
  constexpr float scale = sizeof(X) == 1 ? 1.f / 255.f : 1.f;
  const Source<Image<X>> source{{x, p.w, C}, p.h, p.w, p.is_signed, 1};
  const float fill = p.recipe.border == Border::constant ? p.recipe.fill * (sizeof(X) == 1 ? 255.f : 1.f) : 0.f;
  const float weight = 1.f / static_cast<float>(a.taps.u * a.taps.v);
  LineReads reads;
  for (int from = 0; from < p.q; from += line_pixels) {
    const int count = std::min(line_pixels, p.q - from);
    float v[C][line_pixels] = {};
    for (int b = 0; b < a.taps.v; ++b)
      for (int k = 0; k < a.taps.u; ++k) {
        const float down = (static_cast<float>(b) + .5f) / static_cast<float>(a.taps.v);
        const float across = (static_cast<float>(k) + .5f) / static_cast<float>(a.taps.u);
        place_line(a.map, static_cast<float>(i) + down, from, across, weight, count, reads);
        read_line<C>(p, source, fill, reads, count, v);
      }
    for (int c = 0; c < C; ++c)
#pragma omp simd
      for (int j = 0; j < count; ++j) v[c][j] = v[c][j] * scale;
    for (int k = 0; k < a.color.steps; ++k) color_line<C>(a.color.step[k], &sample.statistics, count, v);
    finish_line<C>(p, a, i, from, count, v, y + int64_t{from} * C);
  }
}

}  // namespace duel
