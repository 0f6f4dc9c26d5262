// Where the values of transformed tiles lie, for the CPU's rows of minimal filtering. A tile is a run of outputs down by a run across; a
// product of matrices for each pair of points replaces the convolution, over all tiles and all pairs of groups.
//
//                                        multiplications with up to four points on a side, and up to six
//   kernel 4, stride 2, 7 × 7 outputs    100 (runs of 3, 2, 2) for 196       81 (4, 3)
//   kernel 5, stride 1, 14 × 14          2401 (seven of 2) for 4900          1681 (4, 4, 4, 2)
//   kernel 3, stride 1, 28 × 28          3136 (fourteen of 2) for 7056       1764 (seven of 4)
#pragma once
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/cpu_winograd_side.h"

namespace duel::winograd {

// Where the channels of a pair of groups begin in a row, or in the taps, of each pair of points; none where the two have no such point.
struct Places {
  static constexpr int none = -1;
  int at[most_points][most_points];
};

// Where the matrices of all pairs of points lie, one after another. A tile is written to one row of each, so they begin in different sets
// of a cache: without the gap sizes like 144 rows of 256 would put all of them into the same.
struct Matrices {
  static constexpr int gap = 80;                               // five lines
  int64_t at[most_points][most_points], values = 0, used = 0;  // used: without the gaps
  template <class Size>
  explicit Matrices(Size&& size) {
    for (int i = 0; i < most_points; ++i)
      for (int j = 0; j < most_points; ++j) {
        const int64_t here = size(i, j);
        at[i][j] = values, used += here, values += here ? here + gap : 0;
      }
  }
  size_t bytes() const { return static_cast<size_t>(values) * sizeof(float); }
};

// The tiles of some images. For each pair of points there are rows [images][runs down][runs across], of pixels as wide as the groups that
// have the pair and of k outputs, and the pair's taps [k] as wide as the pixels.
struct Tiles {
  Side down, across;
  int images, channels, k;
  Matrices pixels, outputs, taps;
  Places places[Side::most_groups * Side::most_groups];
  Tiles(const Conv2dProblem& d, int images, int points)
      : down(d.p, d.r, d.u, points),
        across(d.q, d.s, d.v, points),
        images(images),
        channels(d.c),
        k(d.k),
        pixels([&](int i, int j) { return int64_t{rows(i, j)} * width(i, j); }),
        outputs([&](int i, int j) { return int64_t{rows(i, j)} * k; }),
        taps([&](int i, int j) { return int64_t{k} * width(i, j); }) {
    for (int a = 0; a < down.groups; ++a)
      for (int b = 0; b < across.groups; ++b)
        for (int i = 0; i < most_points; ++i)
          for (int j = 0; j < most_points; ++j) {
            const bool has = rows(i, j) && down.has(a, i) && across.has(b, j);
            places_of(a, b).at[i][j] = has ? (down.place(a, i) * across.width(j) + across.place(b, j)) * channels : Places::none;
          }
  }
  Places& places_of(int a, int b) { return places[a * across.groups + b]; }
  const Places& places_of(int a, int b) const { return places[a * across.groups + b]; }
  int width(int i, int j) const { return rows(i, j) ? down.width(i) * across.width(j) * channels : 0; }
  int rows(int i, int j) const { return images * down.with(i) * across.with(j); }
  int row_within(int i, int j, int image, int run_down, int run_across) const {
    return (image * down.with(i) + run_down) * across.with(j) + run_across;
  }
};

}  // namespace duel::winograd
