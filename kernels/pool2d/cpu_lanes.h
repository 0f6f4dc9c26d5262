// What the CPU rows of pooling share: a row of pixels is a task, and within a pixel up to 256 channels are worked on at a time, as vector
// lanes in a buffer that stays in L1. A tap is then one pass over those lanes.
#pragma once
#include <algorithm>

#include "kernels/parallel.h"
#include "kernels/pool2d/pool2d.h"

namespace duel::pool_lanes {

constexpr int lanes = 256;

inline bool supports(const Pool2dProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::bf16; }

template <class F>
void with_type(const Pool2dProblem& p, F&& f) {
  if (p.dtype == DType::bf16) f(TypeTag<bf16>{});
  else f(TypeTag<float>{});
}

// f(n, row) for each of the `rows` pixel rows of each image, which have `elements` elements each.
template <class F>
void each_row(int n, int rows, int64_t elements, F&& f) {
  parallel_chunks(int64_t{n} * rows, std::max<int64_t>(1, chunk_elements / elements), [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i) f(static_cast<int>(i / rows), static_cast<int>(i % rows));
  });
}

// f(channel, how many) for the channels in portions of lanes.
template <class F>
void each_portion(const Pool2dProblem& d, F&& f) {
  for (int c = 0; c < d.c; c += lanes) f(c, std::min(lanes, d.c - c));
}

// f(tap, x index at channel 0) for the taps of the window at (p, q) that have a pixel, ascending.
template <class F>
void taps_of_window(const Pool2dProblem& d, int n, int p, int q, F&& f) {
  const int row = d.first_row(p), col = d.first_col(q);
  const int r_end = std::min(d.r, d.h - row), s_end = std::min(d.s, d.w - col);
  for (int r = std::max(0, -row); r < r_end; ++r)
    for (int s = std::max(0, -col); s < s_end; ++s) f(r * d.s + s, ((int64_t{n} * d.h + row + r) * d.w + col + s) * d.c);
}

// f(tap, p, q, y index at channel 0) for the windows that have the pixel (row, col) under a tap, taps ascending.
template <class F>
void windows_of_pixel(const Pool2dProblem& d, int n, int row, int col, F&& f) {
  for (int r = (row + d.top) % d.u; r < d.r; r += d.u) {
    const int p = (row + d.top - r) / d.u;
    if (row + d.top < r || p >= d.p) continue;
    for (int s = (col + d.left) % d.v; s < d.s; s += d.v) {
      const int q = (col + d.left - s) / d.v;
      if (col + d.left >= s && q < d.q) f(r * d.s + s, p, q, ((int64_t{n} * d.p + p) * d.q + q) * d.c);
    }
  }
}

template <class T>
void store(const float* __restrict from, T* __restrict to, int count) {
  for (int i = 0; i < count; ++i) to[i] = static_cast<T>(from[i]);
}

}  // namespace duel::pool_lanes
