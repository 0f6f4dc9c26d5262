// What the rows for few input channels share: vectors of the width this level of the processor has, and bands of padded input.
//
// With c ≤ 3 there is nothing to fill a vector of input channels with, so vectors run over output channels: each value of x meets a vector
// of k. A window is r·s·c values at fixed distances from its first one, once the taps outside the image have been laid down as zeros.
// Nothing here needs a library, and every sum has one order, whatever the number of threads.
#pragma once
#include <algorithm>

#include "kernels/conv2d/conv2d.h"
#include "kernels/cpu_vector.h"

namespace duel::few_channels {

using namespace vectors;

constexpr int most_vectors = lanes == 16 ? 4 : 2;  // of 32 registers 4 × 4 sums, 4 operands and a broadcast one; of 16 4 × 2, 2 and 1
constexpr int tile = 4;                            // pixels, or taps, whose sums share the operands loaded
constexpr int widest = lanes * most_vectors;

// f(width, first) for blocks of output channels, the widest first. `width` is an integral constant.
template <int width = widest, class F>
void each_block(int k, F&& f, int first = 0) {
  for (; first + width <= k; first += width) f(std::integral_constant<int, width>{}, first);
  if constexpr (width > narrowest) each_block<width / 2>(k, f, first);
}

// What both ops ask of the shape. With four channels, or with more taps, the library's own code was as fast or faster.
inline bool is_few(const Conv2dProblem& d) {
  constexpr int64_t longest = 1 << 16;  // values of a padded row
  return d.c <= 3 && d.r * d.s * d.c <= 48 && d.k % narrowest == 0 && (int64_t{d.q} * d.v + d.s) * d.c <= longest;
}

constexpr size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

// An image's output rows in bands, each with the input rows under it, which fit a first-level cache where one output row's do.
struct Bands {
  int taps, row, rows, per_image;  // r·s·c; values of a padded input row; output rows of a band; bands
  explicit Bands(const Conv2dProblem& d) : taps(d.r * d.s * d.c), row(((d.q - 1) * d.v + d.s) * d.c) {
    constexpr int values = 4096;  // 16 KiB
    rows = std::clamp((values / row - d.r) / d.u + 1, 1, d.p);
    per_image = (d.p + rows - 1) / rows;
  }
  int64_t values(const Conv2dProblem& d) const { return int64_t{(rows - 1) * d.u + d.r} * row; }
  void offsets(const Conv2dProblem& d, int* of) const {  // of each tap from its window's first value
    for (int r = 0; r < d.r; ++r)
      for (int i = 0; i < d.s * d.c; ++i) *of++ = r * row + i;
  }
  // The input under output rows [p, p + count) of an image, with zeros around it.
  template <class T>
  void pad(const Conv2dProblem& d, const T* image, int p, int count, T* to) const {
    const int before = std::min(d.left * d.c, row), inside = std::min(d.w * d.c, row - before), rows_in = (count - 1) * d.u + d.r;
    std::fill_n(to, int64_t{rows_in} * row, T{});  // all of it: for short rows that is cheaper than their ends one by one
    for (int i = 0; i < rows_in; ++i) {
      const int h = p * d.u - d.top + i;
      if (h >= 0 && h < d.h) std::copy_n(image + int64_t{h} * d.w * d.c, inside, to + int64_t{i} * row + before);
    }
  }
};

}  // namespace duel::few_channels
