// What the CPU's rows of minimal filtering share: the two sides of cpu_winograd_maps.h put together, and the ways between images and the
// matrices of transformed tiles. A tile is a run of outputs down by a run across; a product of matrices for each pair of points replaces
// the convolution, over all tiles and all groups of taps. dgrad and wgrad are the adjoints of fwd, by the transforms' own adjoints.
//
//   kernel 4, stride 2, 7 × 7 outputs:   100 multiplications for 196      (each side runs of 3, 2 and 2: 10 for 14)
//   kernel 3, stride 2, 14 × 14:         121 for 196                      kernel 5, stride 1, even sides: 49 for 100
#pragma once
#include <algorithm>
#include <memory>
#include <type_traits>

#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/cpu_winograd_maps.h"
#include "kernels/onednn.h"
#ifdef DUEL_ONEDNN

namespace duel::winograd {

// Where the channels of a pair of groups begin in a row, or in the taps, of each pair of points; none where the two have no such point.
struct Places {
  static constexpr int none = -1;
  int at[points][points];
};

// Where the matrices of all pairs of points lie, one after another. A tile is written to one row of each, so they begin in different sets
// of a cache: without the gap sizes like 144 rows of 256 would put all of them into the same.
struct Matrices {
  static constexpr int gap = 80;  // five lines
  int64_t at[points][points], values = 0;
  template <class Size>
  explicit Matrices(Size&& size) {
    for (int i = 0; i < points; ++i)
      for (int j = 0; j < points; ++j) at[i][j] = values, values += size(i, j) + gap;
  }
  size_t bytes() const { return static_cast<size_t>(values) * sizeof(float); }
  double used() const { return static_cast<double>(values - points * points * gap); }  // without the gaps
};

// The tiles of some images. For each pair of points there are rows [images][runs down][runs across], of pixels as wide as the groups that
// have the pair and of k outputs, and the pair's taps [k] as wide as the pixels.
struct Tiles {
  Side down, across;
  int images, channels, k;
  Matrices pixels, outputs, taps;
  Places places[Side::most_groups * Side::most_groups];
  Tiles(const Conv2dProblem& d, int images)
      : down(d.p, d.r, d.u),
        across(d.q, d.s, d.v),
        images(images),
        channels(d.c),
        k(d.k),
        pixels([&](int i, int j) { return int64_t{rows(i, j)} * width(i, j); }),
        outputs([&](int i, int j) { return int64_t{rows(i, j)} * k; }),
        taps([&](int i, int j) { return int64_t{k} * width(i, j); }) {
    for (int a = 0; a < down.groups; ++a)
      for (int b = 0; b < across.groups; ++b)
        for (int i = 0; i < points; ++i)
          for (int j = 0; j < points; ++j) {
            const bool has = rows(i, j) && down.has(a, i) && across.has(b, j);
            places[a * across.groups + b].at[i][j] =
                has ? (down.place(a, i) * across.width(j) + across.place(b, j)) * channels : Places::none;
          }
  }
  int width(int i, int j) const { return rows(i, j) ? down.width(i) * across.width(j) * channels : 0; }
  int rows(int i, int j) const { return images * down.with(i) * across.with(j); }
  int row_within(int i, int j, int image, int run_down, int run_across) const {
    return (image * down.with(i) + run_down) * across.with(j) + run_across;
  }
};

// f(points, outputs) for a run of this side, as integral constants.
template <class F>
void with_run(const Side& side, int run, F&& f) {
  using std::integral_constant;
  if (side.triples) f(integral_constant<int, 4>{}, integral_constant<int, 2>{});
  else if (run < side.threes) f(integral_constant<int, 4>{}, integral_constant<int, 3>{});
  else f(integral_constant<int, 3>{}, integral_constant<int, 2>{});
}
// f(count) for a group of taps in a run: how many pixels it meets.
template <class F>
void with_group(const Side& side, int group, int run, F&& f) {
  if (side.triples ? side.group[group].taps == 3 : run < side.threes) f(std::integral_constant<int, 4>{});
  else f(std::integral_constant<int, 3>{});
}
template <class F>
void each_tile(const Tiles& tiles, F&& f) {  // f(run_down, run_across)
  for (int i = 0; i < tiles.down.runs(); ++i)
    for (int j = 0; j < tiles.across.runs(); ++j) f(i, j);
}

// What stands in for a pixel outside of the image and for a point that a group does not have: read as zeros, written for nobody.
constexpr int most_channels = 4096;
inline const float zeros[most_channels] = {};
inline thread_local float nowhere[most_channels];
inline const float* spare(const float*) { return zeros; }
inline float* spare(float*) { return nowhere; }

// f(down, across, pixel, value) for each vector of channels under each tile: as many pixels as the constants say. pixel(i, j) points into
// the image, value(i, j) into the matrices.
template <class Pixel, class Value, class F>
void each_vector_of_pixels(const Conv2dProblem& d, const Tiles& tiles, int image, Pixel* pixels, Value* values, F&& f) {
  const int groups = tiles.down.groups * tiles.across.groups;
  int width[points][points];
  for (int i = 0; i < points; ++i)
    for (int j = 0; j < points; ++j) width[i][j] = tiles.width(i, j);
  const auto group = [&](auto down, auto across, int which, int h, int w, Value* const(&row)[points][points]) {
    const Places& places = tiles.places[which];
    Pixel* pixel[points][points];
    Value* value[points][points];
    for (int i = 0; i < down; ++i)
      for (int j = 0; j < across; ++j) {
        const bool inside = static_cast<unsigned>(h + i * d.u) < static_cast<unsigned>(d.h) &&
                            static_cast<unsigned>(w + j * d.v) < static_cast<unsigned>(d.w);
        pixel[i][j] = inside ? pixels + ((h + i * d.u) * int64_t{d.w} + w + j * d.v) * d.c : spare(pixels);
        value[i][j] = places.at[i][j] != Places::none ? row[i][j] + places.at[i][j] : spare(values);
      }
    for (int c = 0; c < d.c; c += vectors::lanes)
      f(
          down, across, [&](int i, int j) { return pixel[i][j] + c; }, [&](int i, int j) { return value[i][j] + c; });
  };
  each_tile(tiles, [&](int run_down, int run_across) {
    Value* row[points][points];
    for (int i = 0; i < points; ++i)
      for (int j = 0; j < points; ++j)
        row[i][j] = values + tiles.pixels.at[i][j] + int64_t{tiles.row_within(i, j, image, run_down, run_across)} * width[i][j];
    for (int which = 0; which < groups; ++which) {
      const int a = which / tiles.across.groups, b = which % tiles.across.groups;
      const int h = tiles.down.first_output(run_down) * d.u + tiles.down.group[a].offset(d.u) - d.top;
      const int w = tiles.across.first_output(run_across) * d.v + tiles.across.group[b].offset(d.v) - d.left;
      with_group(tiles.down, a, run_down,
                 [&](auto down) { with_group(tiles.across, b, run_across, [&](auto across) { group(down, across, which, h, w, row); }); });
    }
  });
}
inline void pixels_to_points(const Conv2dProblem& d, const Tiles& tiles, int image, const float* x, float* values) {
  each_vector_of_pixels(d, tiles, image, x, values, [](auto down, auto across, const auto& pixel, const auto& value) {
    transform(
        PixelsToPoints<down>{}, PixelsToPoints<across>{}, [&](int i, int j) { return vectors::load(pixel(i, j)); },
        [&](int i, int j, Vector v) { vectors::store(value(i, j), v); });
  });
}
inline void add_points_to_pixels(const Conv2dProblem& d, const Tiles& tiles, int image, const float* values, float* gx) {
  each_vector_of_pixels(d, tiles, image, gx, values, [](auto down, auto across, const auto& pixel, const auto& value) {
    transform(
        PointsToPixels<down>{}, PointsToPixels<across>{}, [&](int i, int j) { return vectors::load(value(i, j)); },
        [&](int i, int j, Vector v) { vectors::store(pixel(i, j), vectors::load(pixel(i, j)) + v); });
  });
}

// The same of a tile's outputs, y of an image, and their rows of k values in the matrices.
// f(points down, outputs down, points across, outputs across, output, value).
template <class Output, class Value, class F>
void each_vector_of_outputs(const Conv2dProblem& d, const Tiles& tiles, int image, Output* outputs, Value* values, F&& f) {
  each_tile(tiles, [&](int run_down, int run_across) {
    with_run(tiles.down, run_down, [&](auto points_down, auto outputs_down) {
      with_run(tiles.across, run_across, [&](auto points_across, auto outputs_across) {
        Value* row[points][points];
        for (int i = 0; i < points_down; ++i)
          for (int j = 0; j < points_across; ++j)
            row[i][j] = values + tiles.outputs.at[i][j] + int64_t{tiles.row_within(i, j, image, run_down, run_across)} * d.k;
        const int p = tiles.down.first_output(run_down), q = tiles.across.first_output(run_across);
        for (int k = 0; k < d.k; k += vectors::lanes)
          f(
              points_down, outputs_down, points_across, outputs_across,
              [&](int i, int j) {
                return p + i < d.p && q + j < d.q ? outputs + (int64_t{p + i} * d.q + q + j) * d.k + k : spare(outputs);
              },
              [&](int i, int j) { return row[i][j] + k; });
      });
    });
  });
}
inline void outputs_to_points(const Conv2dProblem& d, const Tiles& tiles, int image, const float* gy, float* values) {
  each_vector_of_outputs(d, tiles, image, gy, values, [](auto p, auto down, auto q, auto across, const auto& output, const auto& value) {
    transform(
        OutputsToPoints<p, down>{}, OutputsToPoints<q, across>{}, [&](int i, int j) { return vectors::load(output(i, j)); },
        [&](int i, int j, Vector v) { vectors::store(value(i, j), v); });
  });
}
inline void points_to_outputs(const Conv2dProblem& d, const Tiles& tiles, int image, const float* values, float* y) {
  each_vector_of_outputs(d, tiles, image, y, values, [](auto p, auto down, auto q, auto across, const auto& output, const auto& value) {
    transform(
        PointsToOutputs<p, down>{}, PointsToOutputs<q, across>{}, [&](int i, int j) { return vectors::load(value(i, j)); },
        [&](int i, int j, Vector v) { vectors::store(output(i, j), v); });
  });
}

// The same of the taps, for each pair of points [k][width]. Called by all threads of a parallel region. f(taps down, taps across, tap,
// value).
template <class Tap, class Value, class F>
void each_vector_of_taps(const Conv2dProblem& d, const Tiles& tiles, Tap* w, Value* values, F&& f) {
  for (int a = 0; a < tiles.down.groups; ++a)
    for (int b = 0; b < tiles.across.groups; ++b) {
      const Places& places = tiles.places[a * tiles.across.groups + b];
      int width[points][points];
      for (int i = 0; i < points; ++i)
        for (int j = 0; j < points; ++j) width[i][j] = tiles.width(i, j);
      const Group &ga = tiles.down.group[a], &gb = tiles.across.group[b];
#pragma omp for schedule(static) nowait
      for (int k = 0; k < d.k; ++k)
        for (int c = 0; c < d.c; c += vectors::lanes) {
          const auto tap = [&](int i, int j) -> Tap* {
            if (i >= ga.taps || j >= gb.taps) return spare(w);
            return w + ((int64_t{k} * d.r + ga.offset(d.u) + i * d.u) * d.s + gb.offset(d.v) + j * d.v) * d.c + c;
          };
          const auto value = [&](int i, int j) -> Value* {
            if (places.at[i][j] == Places::none) return spare(values);
            return values + tiles.taps.at[i][j] + int64_t{k} * width[i][j] + places.at[i][j] + c;
          };
          f(ga.taps, gb.taps, tap, value);
        }
    }
#pragma omp barrier
}
inline void taps_to_points(const Conv2dProblem& d, const Tiles& tiles, const float* w, float* values) {
  each_vector_of_taps(d, tiles, w, values, [](int down, int across, const auto& tap, const auto& value) {
    transform(
        TapsToPoints{down}, TapsToPoints{across}, [&](int i, int j) { return vectors::load(tap(i, j)); },
        [&](int i, int j, Vector v) { vectors::store(value(i, j), v); });
  });
}
inline void points_to_taps(const Conv2dProblem& d, const Tiles& tiles, const float* values, float* gw) {
  each_vector_of_taps(d, tiles, gw, values, [](int down, int across, const auto& tap, const auto& value) {
    transform(
        PointsToTaps{down}, PointsToTaps{across}, [&](int i, int j) { return vectors::load(value(i, j)); },
        [&](int i, int j, Vector v) { vectors::store(tap(i, j), v); });
  });
}

// The taps inside the image, of all windows along one side.
inline int64_t taps_inside(int size, int outputs, int kernel, int stride, int before) {
  int64_t sum = 0;
  for (int o = 0; o < outputs; ++o)
    sum += std::max(0, std::min(kernel, size - (o * stride - before)) - std::clamp(-(o * stride - before), 0, kernel));
  return sum;
}

// Are so many multiplications saved that they outweigh the transforms, and the threads left with nothing to do? In floating-point
// operations that a matrix product would do meanwhile: what a value of each kind costs was measured on one processor (Zen 4) and is a guess
// elsewhere. What is small is over in microseconds either way.
inline bool worth_it(const Conv2dProblem& d, int most_workers) {
  constexpr double of_product = 2.17, of_pixel = 40, of_output = 29, of_tap = 130, of_weight = 86, small = 1 << 25;
  const Tiles tiles(d, 1);
  const double n = d.n, pixels = tiles.pixels.used(), outputs = tiles.outputs.used(), taps = tiles.taps.used() * of_tap;
  const double idle = std::max(1., static_cast<double>(omp_get_max_threads()) / most_workers);
  const double here = n * (pixels * (of_product * d.k + of_pixel) + outputs * of_output);
  const double inside =
      static_cast<double>(taps_inside(d.h, d.p, d.r, d.u, d.top)) * static_cast<double>(taps_inside(d.w, d.q, d.s, d.v, d.left));
  const double plain = 2 * n * inside * d.k * d.c;
  if (here + taps < small) return n * pixels * 2 * d.k < plain;
  return here * idle + taps < plain + static_cast<double>(d.w_count()) * of_weight;
}

// Channels that fill vectors, and fewer multiplications.
inline bool fits(const Conv2dProblem& d, int most_workers) {
  constexpr int narrowest = vectors::narrowest;
  if (!vectors::has_fma || d.dtype != DType::f32 || d.c % narrowest != 0 || d.k % narrowest != 0 || std::max(d.c, d.k) > most_channels)
    return false;
  return Side(d.p, d.r, d.u).supported && Side(d.q, d.s, d.v).supported && worth_it(d, most_workers);
}

// Images go through in chunks, equally many for each of the threads that take one.
struct Chunks {
  int threads, images, count;
  Chunks(const Conv2dProblem& d, int wanted_threads) : threads(std::min(wanted_threads, d.n)) {
    const Tiles tiles(d, 1);
    // Rows of a product: few enough that a chunk stays near its core, more where the other factor comes from far.
    const int64_t wanted = (int64_t{tiles.width(0, 0)} * d.k > 1 << 18 ? 288 : 144) * int64_t{threads};
    const int64_t rows = int64_t{d.n} * tiles.rows(0, 0);
    const int rounds = static_cast<int>((rows + wanted - 1) / wanted);
    images = (d.n + rounds * threads - 1) / (rounds * threads);
    count = (d.n + images - 1) / images;
  }
  // The same for threads that work on one chunk together.
  static Chunks together(const Conv2dProblem& d, int wanted_threads) {
    Chunks chunks(d, wanted_threads);
    chunks.images = std::min(d.n, chunks.images * chunks.threads);
    chunks.count = (d.n + chunks.images - 1) / chunks.images;
    return chunks;
  }
  int rest(const Conv2dProblem& d) const { return d.n - (count - 1) * images; }  // images of the last
};

// A chunk's matrix products, one for each pair of points. shape(rows, width) says which.
struct Products {
  Tiles tiles;
  std::shared_ptr<const onednn::MatmulPlan> plan[points][points];
  template <class Shape>
  Products(const Conv2dProblem& d, int images, Shape&& shape) : tiles(d, images) {
    for (int i = 0; i < points; ++i)
      for (int j = 0; j < points; ++j)
        if (tiles.rows(i, j)) plan[i][j] = onednn::matmul_plan(shape(tiles.rows(i, j), tiles.width(i, j)));
  }
  template <class F>
  void each(F&& f) const {  // f(i, j, plan)
    for (int i = 0; i < points; ++i)
      for (int j = 0; j < points; ++j)
        if (plan[i][j]) f(i, j, *plan[i][j]);
  }
  bool complete() const {
    for (int i = 0; i < points; ++i)
      for (int j = 0; j < points; ++j)
        if (tiles.rows(i, j) && !plan[i][j]) return false;
    return true;
  }
  size_t pad_bytes() const {
    size_t bytes = 0;
    each([&](int, int, const onednn::MatmulPlan& p) { bytes = std::max(bytes, p.scratch_bytes()); });
    return bytes;
  }
};

}  // namespace duel::winograd
#endif
