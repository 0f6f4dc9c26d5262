// Images as matrices. Row m = (n,p,q) of col holds the r·s·c values of x under output pixel (p,q); taps outside the image are zero.
// With it, wgrad is gyᵀ·col, and dgrad is the adjoint of it (col2im) applied to gy·w.
// Chellapilla, Puri & Simard, "High performance convolutional neural networks for document processing" (2006).
#pragma once
#include <algorithm>
#include <cstring>

#include "kernels/conv2d/conv2d.h"

namespace duel {

// The taps [first, last) of a window of `kernel` starting at `from` that lie in [0, size).
struct TapRange { int first, last; };
inline TapRange taps_inside(int from, int kernel, int size) {
  const int first = std::clamp(-from, 0, kernel);
  return {first, std::clamp(size - from, first, kernel)};
}

// Runs shorter than a cache line are the whole of a small-channel image, and a call to memcpy for each would cost more than the copy.
inline void copy_run(void* to, const void* from, size_t bytes) {
  switch (bytes) {
    case 8: std::memcpy(to, from, 8); break;
    case 16: std::memcpy(to, from, 16); break;
    case 24: std::memcpy(to, from, 24); break;
    case 48: std::memcpy(to, from, 48); break;
    default: std::memcpy(to, from, bytes);
  }
}

// col[p·q, r·s·c] of rows [first, last) of output pixels, counted through n, p and q.
template <class T> void im2col(const Conv2dProblem& d, const T* x, int64_t first, int64_t last, T* col) {
  const int run = d.s * d.c;
  for (int64_t m = first; m < last; ++m) {
    const int q = static_cast<int>(m % d.q), p = static_cast<int>(m / d.q % d.p);
    const T* image = x + m / d.q / d.p * d.h * d.w * d.c;
    const int row = p * d.u - d.top, column = q * d.v - d.left;
    const TapRange rs = taps_inside(row, d.r, d.h), ss = taps_inside(column, d.s, d.w);
    const size_t head = static_cast<size_t>(ss.first) * d.c, body = static_cast<size_t>(ss.last - ss.first) * d.c;
    T* out = col + (m - first) * d.r * run;
    for (int r = 0; r < d.r; ++r, out += run) {
      if (r < rs.first || r >= rs.last) {
        std::memset(out, 0, run * sizeof(T));
        continue;
      }
      if (head) std::memset(out, 0, head * sizeof(T));
      copy_run(out + head, image + (int64_t{row + r} * d.w + column + ss.first) * d.c, body * sizeof(T));
      if (head + body < static_cast<size_t>(run)) std::memset(out + head + body, 0, (run - head - body) * sizeof(T));
    }
  }
}

template <int length> void add_fixed(float* __restrict to, const float* __restrict from) {
  for (int i = 0; i < length; ++i) to[i] += from[i];
}
inline void add_run(float* __restrict to, const float* __restrict from, int length) {
  switch (length) {
    case 4: add_fixed<4>(to, from); break;
    case 12: add_fixed<12>(to, from); break;
    default:
      for (int i = 0; i < length; ++i) to[i] += from[i];
  }
}

// Adds the col of one image, [p·q, r·s·c], to where its values came from: image[h,w,c], which the caller has cleared.
inline void col2im(const Conv2dProblem& d, const float* col, float* image) {
  const int run = d.s * d.c;
  for (int p = 0; p < d.p; ++p) {
    const int row = p * d.u - d.top;
    const TapRange rs = taps_inside(row, d.r, d.h);
    for (int q = 0; q < d.q; ++q) {
      const int column = q * d.v - d.left;
      const TapRange ss = taps_inside(column, d.s, d.w);
      const float* from = col + (int64_t{p} * d.q + q) * d.r * run + ss.first * d.c;
      for (int r = rs.first; r < rs.last; ++r)
        add_run(image + (int64_t{row + r} * d.w + column + ss.first) * d.c, from + r * run, (ss.last - ss.first) * d.c);
    }
  }
}

}  // namespace duel
