// Pooling by packs of channels: each thread has one of a pixel of the result, found by multiplications where a division would take as long
// as the load that waits for it.
#pragma once
#include "kernels/launch.h"
#include "kernels/pool2d/pool2d.h"
#include "kernels/ptx.h"
#include "kernels/tile/divide.h"

namespace duel::channel_packs {

constexpr int threads = 256;

struct Place {
  int n, row, col, first;  // first: channel
};

// An image [n, rows, cols, c] as packs of V channels.
struct Image {
  Divisor lanes, cols, rows;
  int packs, together;

  Image(int64_t n, int h, int w, int c, int elements)
      : lanes(c / elements), cols(w), rows(h), packs(static_cast<int>(n * h * w * (c / elements))), together(elements) {}
  HD Place place(int i) const {
    const int pixel = lanes.quotient(i), line = cols.quotient(pixel), n = rows.quotient(line);
    return {n, line - n * rows.divisor, pixel - line * cols.divisor, (i - pixel * lanes.divisor) * together};
  }
};
inline Image x_image(const Pool2dProblem& p, int elements) { return {p.n, p.h, p.w, p.c, elements}; }
inline Image y_image(const Pool2dProblem& p, int elements) { return {p.n, p.p, p.q, p.c, elements}; }

// Whether both images are whole packs, whose numbers are ints.
inline bool fits(const Pool2dProblem& p, int elements) {
  constexpr int64_t most = int64_t{1} << 31;
  return p.c % elements == 0 && p.x_count() / elements < most && p.y_count() / elements < most;
}

HD inline int64_t x_offset(const Pool2dProblem& d, const Place& at, int row, int col) {
  return ((int64_t{at.n} * d.h + row) * d.w + col) * d.c + at.first;
}
HD inline int64_t y_offset(const Pool2dProblem& d, const Place& at, int row, int col) {
  return ((int64_t{at.n} * d.p + row) * d.q + col) * d.c + at.first;
}

// f(i) for each of this thread's packs.
template <class F>
__device__ void each(int packs, F&& f) {
  for (int64_t i = int64_t{blockIdx.x} * threads + threadIdx.x; i < packs; i += int64_t{gridDim.x} * threads) f(static_cast<int>(i));
}
inline LaunchShape shape(int packs) { return {.grid = stride_blocks(packs, threads), .block = threads}; }

// f(offset in x, tap) for each pixel of the window behind a pack of y, in order.
template <class F>
__device__ void each_pixel(const Pool2dProblem& d, const Place& at, F&& f) {
  const int first_row = d.first_row(at.row), first_col = d.first_col(at.col);
  for (int r = 0; r < d.r; ++r) {
    if (!d.has_row(first_row + r)) continue;
    for (int s = 0; s < d.s; ++s)
      if (d.has_col(first_col + s)) f(x_offset(d, at, first_row + r, first_col + s), r * d.s + s);
  }
}

// Windows over a pixel: without a search through all taps for those that a stride leaves.
struct Windows {
  Divisor u, v;
  explicit Windows(const Pool2dProblem& p) : u(p.u), v(p.v) {}

  // f(window's row, window's column, tap) for each window over a pack of x, in the order of taps.
  template <class F>
  __device__ void each(const Pool2dProblem& d, const Place& at, F&& f) const {
    const int row = at.row + d.top, col = at.col + d.left;
    const int past_p = row < d.r ? -1 : u.quotient(row - d.r), past_q = col < d.s ? -1 : v.quotient(col - d.s);
    for (int p = min(u.quotient(row), d.p - 1); p > past_p; --p)
      for (int q = min(v.quotient(col), d.q - 1); q > past_q; --q) f(p, q, (row - p * d.u) * d.s + col - q * d.v);
  }
};

}  // namespace duel::channel_packs
