// The ways between images and the matrices of transformed tiles, for the CPU's rows of minimal filtering, and their adjoints: each one pass
// down the image, for all columns at once, and one across. What lies between the two are the values of one run of rows at its points:
// lines, which stay in the first levels of the cache.
#pragma once
#include <algorithm>

#include "kernels/conv2d/cpu_winograd_tiles.h"

namespace duel::winograd {

constexpr int most_channels = 4096;
inline const float zeros[most_channels] = {};
inline thread_local float nowhere[most_channels];
inline const float* spare(const float*) { return zeros; }
inline float* spare(float*) { return nowhere; }

// What a thread keeps between the two passes: a line for each point, and one for rows outside of the image, zeros where it is read. Lines
// of pixels have room for what the windows see beside the image.
struct Lines {
  int64_t pixels, outputs;  // floats of a line
  explicit Lines(const Conv2dProblem& d)
      : pixels((int64_t{d.left} + std::max(d.w, (d.q - 1) * d.v - d.left + d.s)) * d.c), outputs(int64_t{d.q} * d.k) {}
  size_t bytes() const { return static_cast<size_t>(std::max((most_points + 1) * pixels, most_points * outputs)) * sizeof(float); }
};

// f(filter's outputs, filter's taps, run down, its length, group, rows[]) for each run and group down the image; rows: those of the image,
// of width w·c, or `outside`.
template <class Pixel, class F>
void each_band(const Conv2dProblem& d, const Tiles& tiles, Pixel* image, Pixel* outside, F&& f) {
  for (int i = 0; i < tiles.down.runs(); ++i) {
    const Side::Run run = tiles.down.run(i);
    for (int a = 0; a < tiles.down.groups; ++a) {
      const Group& group = tiles.down.group[a];
      const int h = run.first * d.u + group.offset(d.u) - d.top;
      Pixel* rows[most_points];
      for (int l = 0; l < run.length + group.taps - 1; ++l) {
        const int row = h + l * d.u;
        rows[l] = row >= 0 && row < d.h ? image + int64_t{row} * d.w * d.c : outside;
      }
      f(i, run.length, a, rows);
    }
  }
}
// For each run and group across a line of pixels f(run's length, group, pixels[]), and places of its points: values[], or null where the
// matrices have none.
template <class Pixel, class Value, class F>
void each_window(const Conv2dProblem& d, const Tiles& tiles, int image, int point, int run_down, int a, Pixel* line, Value* values, F&& f) {
  for (int j = 0; j < tiles.across.runs(); ++j) {
    const Side::Run run = tiles.across.run(j);
    Value* row[most_points];
    for (int p = 0; p < most_points; ++p)
      row[p] = tiles.across.run_has(run.length, p)
                   ? values + tiles.pixels.at[point][p] + int64_t{tiles.row_within(point, p, image, run_down, j)} * tiles.width(point, p)
                   : nullptr;
    for (int b = 0; b < tiles.across.groups; ++b) {
      const Group& group = tiles.across.group[b];
      const Places& places = tiles.places_of(a, b);
      Pixel* pixels[most_points];
      Value* at[most_points];
      for (int l = 0; l < run.length + group.taps - 1; ++l) pixels[l] = line + (int64_t{run.first + l} * d.v + group.offset(d.v)) * d.c;
      for (int p = 0; p < most_points; ++p) at[p] = row[p] && places.at[point][p] != Places::none ? row[p] + places.at[point][p] : nullptr;
      f(run.length, group, pixels, at);
    }
  }
}

// Those of the places that a filter's points have, in its order.
template <class Value>
struct Points {
  Value* at[most_points];
  Points(int outputs, int taps, Value* const* places) {
    const int finite = finite_of(outputs, taps);
    std::copy_n(places, finite, at);
    if (taps > 1) at[finite] = places[infinity];
  }
};

// lines: of Lines::bytes(), whatever is in them.
inline void pixels_to_points(const Conv2dProblem& d, const Tiles& tiles, int image, const float* x, float* values, float* lines) {
  const int64_t line = Lines(d).pixels, row = int64_t{d.w} * d.c, left = int64_t{d.left} * d.c;
  float* line_of[most_points];
  for (int p = 0; p < most_points; ++p) {
    line_of[p] = lines + p * line;
    std::fill_n(line_of[p], left, 0.f), std::fill_n(line_of[p] + left + row, line - left - row, 0.f);
  }
  const float* outside = std::fill_n(lines + most_points * line, row, 0.f) - row;
  each_band(d, tiles, x, outside, [&](int run_down, int length, int a, const float* const* rows) {
    const Group& group = tiles.down.group[a];
    float* inside[most_points];
    for (int p = 0; p < most_points; ++p) inside[p] = line_of[p] + left;
    with_filter(length, group.taps,
                [&](auto m, auto t) { combine<PixelsToPoints<m, t>, false>(rows, Points<float>(m, t, inside).at, row); });
    for (int point = 0; point < most_points; ++point) {
      if (!tiles.down.run_has(length, point) || !tiles.down.has(a, point)) continue;
      const bool line_here = group.has(length, point);
      each_window(d, tiles, image, point, run_down, a, static_cast<const float*>(line_of[point]), values,
                  [&](int across, const Group& b, const float* const* pixels, float* const* at) {
                    for (int p = 0; p < most_points; ++p)  // a shorter group's points end before its run's do
                      if (at[p] && !(line_here && b.has(across, p))) std::fill_n(at[p], d.c, 0.f);
                    if (line_here)
                      with_filter(across, b.taps,
                                  [&](auto m, auto t) { combine<PixelsToPoints<m, t>, false>(pixels, Points<float>(m, t, at).at, d.c); });
                  });
    }
  });
}
inline void add_points_to_pixels(const Conv2dProblem& d, const Tiles& tiles, int image, const float* values, float* gx, float* lines) {
  const int64_t line = Lines(d).pixels, row = int64_t{d.w} * d.c;
  float* line_of[most_points];
  for (int p = 0; p < most_points; ++p) line_of[p] = lines + p * line;
  float* outside = lines + most_points * line;
  each_band(d, tiles, gx, outside, [&](int run_down, int length, int a, float* const* rows) {
    const Group& group = tiles.down.group[a];
    std::fill_n(lines, most_points * line, 0.f);
    for (int point = 0; point < most_points; ++point) {
      if (!group.has(length, point)) continue;
      each_window(d, tiles, image, point, run_down, a, line_of[point], values,
                  [&](int across, const Group& b, float* const* pixels, const float* const* at) {
                    with_filter(across, b.taps, [&](auto m, auto t) {
                      combine<Adjoint<PixelsToPoints<m, t>>, true>(Points<const float>(m, t, at).at, pixels, d.c);
                    });
                  });
    }
    const float* inside[most_points];
    for (int p = 0; p < most_points; ++p) inside[p] = line_of[p] + int64_t{d.left} * d.c;
    with_filter(length, group.taps,
                [&](auto m, auto t) { combine<Adjoint<PixelsToPoints<m, t>>, true>(Points<const float>(m, t, inside).at, rows, row); });
  });
}

// f(run's length, outputs[], values[]) for each run across a line of outputs.
template <class Output, class Value, class F>
void each_run(const Conv2dProblem& d, const Tiles& tiles, int image, int point, int run_down, Output* line, Value* values, F&& f) {
  for (int j = 0; j < tiles.across.runs(); ++j) {
    const Side::Run run = tiles.across.run(j);
    Output* outputs[most_points];
    Value* at[most_points];
    for (int l = 0; l < run.length; ++l) outputs[l] = line + int64_t{run.first + l} * d.k;
    for (int p = 0; p < most_points; ++p)
      at[p] = tiles.across.run_has(run.length, p)
                  ? values + tiles.outputs.at[point][p] + int64_t{tiles.row_within(point, p, image, run_down, j)} * d.k
                  : nullptr;
    f(run.length, outputs, at);
  }
}
// with_filter of a side's outputs, which have the points of its longest group.
template <class F>
void with_outputs(int length, int taps, F&& f) {
  with_filter(length, taps, [&](auto m, auto t) {
    if constexpr (t > 1) f(m, t);
  });
}
inline void outputs_to_points(const Conv2dProblem& d, const Tiles& tiles, int image, const float* gy, float* values, float* lines) {
  const int64_t line = Lines(d).outputs;
  float* line_of[most_points];
  for (int p = 0; p < most_points; ++p) line_of[p] = lines + p * line;
  for (int i = 0; i < tiles.down.runs(); ++i) {
    const Side::Run run = tiles.down.run(i);
    const float* rows[most_points];
    for (int l = 0; l < run.length; ++l) rows[l] = gy + (run.first + l) * line;
    with_outputs(run.length, tiles.down.taps,
                 [&](auto m, auto t) { combine<Adjoint<PointsToOutputs<m, t>>, false>(rows, Points<float>(m, t, line_of).at, line); });
    for (int point = 0; point < most_points; ++point)
      if (tiles.down.run_has(run.length, point))
        each_run(d, tiles, image, point, i, static_cast<const float*>(line_of[point]), values,
                 [&](int across, const float* const* outputs, float* const* at) {
                   with_outputs(across, tiles.across.taps, [&](auto m, auto t) {
                     combine<Adjoint<PointsToOutputs<m, t>>, false>(outputs, Points<float>(m, t, at).at, d.k);
                   });
                 });
  }
}
inline void points_to_outputs(const Conv2dProblem& d, const Tiles& tiles, int image, const float* values, float* y, float* lines) {
  const int64_t line = Lines(d).outputs;
  float* line_of[most_points];
  for (int p = 0; p < most_points; ++p) line_of[p] = lines + p * line;
  for (int i = 0; i < tiles.down.runs(); ++i) {
    const Side::Run run = tiles.down.run(i);
    for (int point = 0; point < most_points; ++point)
      if (tiles.down.run_has(run.length, point))
        each_run(d, tiles, image, point, i, line_of[point], values, [&](int across, float* const* outputs, const float* const* at) {
          with_outputs(across, tiles.across.taps,
                       [&](auto m, auto t) { combine<PointsToOutputs<m, t>, false>(Points<const float>(m, t, at).at, outputs, d.k); });
        });
    float* rows[most_points];
    for (int l = 0; l < run.length; ++l) rows[l] = y + (run.first + l) * line;
    with_outputs(run.length, tiles.down.taps, [&](auto m, auto t) {
      combine<PointsToOutputs<m, t>, false>(Points<const float>(m, t, const_cast<const float* const*>(line_of)).at, rows, line);
    });
  }
}

// The same of the taps, for each pair of points [k][width], both ways in one pass. Called by all threads of a parallel region.
// f(taps down, taps across, tap, value); what is not there is read as zeros and written for nobody.
template <class Tap, class Value, class F>
void each_vector_of_taps(const Conv2dProblem& d, const Tiles& tiles, Tap* w, Value* values, F&& f) {
  for (int a = 0; a < tiles.down.groups; ++a)
    for (int b = 0; b < tiles.across.groups; ++b) {
      const Places& places = tiles.places_of(a, b);
      int width[most_points][most_points];
      for (int i = 0; i < most_points; ++i)
        for (int j = 0; j < most_points; ++j) width[i][j] = tiles.width(i, j);
      const Group &ga = tiles.down.group[a], &gb = tiles.across.group[b];
#pragma omp for schedule(static) nowait
      for (int k = 0; k < d.k; ++k)
        for (int c = 0; c < d.c; c += vectors::lanes) {
          const auto tap = [&](int i, int j) -> Tap* {
            return w + ((int64_t{k} * d.r + ga.offset(d.u) + i * d.u) * d.s + gb.offset(d.v) + j * d.v) * d.c + c;
          };
          const auto value = [&](int i, int j) -> Value* {
            if (places.at[i][j] == Places::none) return spare(values);
            return values + tiles.taps.at[i][j] + int64_t{k} * width[i][j] + places.at[i][j] + c;
          };
          with_filter(1, ga.taps,
                      [&](auto, auto down) { with_filter(1, gb.taps, [&](auto, auto across) { f(down, across, tap, value); }); });
        }
    }
#pragma omp barrier
}
inline void taps_to_points(const Conv2dProblem& d, const Tiles& tiles, const float* w, float* values) {
  each_vector_of_taps(d, tiles, w, values, [](auto down, auto across, const auto& tap, const auto& value) {
    Vector half[across][most_points], x[most_points], y[most_points];
    for (int j = 0; j < across; ++j) {
      for (int i = 0; i < down; ++i) x[i] = vectors::load(tap(i, j));
      times<TapsToPoints<down>>(x, half[j]);
    }
    for (int i = 0; i < most_points; ++i) {
      for (int j = 0; j < across; ++j) x[j] = half[j][i];
      times<TapsToPoints<across>>(x, y);
      for (int j = 0; j < most_points; ++j) vectors::store(value(i, j), y[j]);
    }
  });
}
inline void points_to_taps(const Conv2dProblem& d, const Tiles& tiles, const float* values, float* gw) {
  each_vector_of_taps(d, tiles, gw, values, [](auto down, auto across, const auto& tap, const auto& value) {
    Vector half[across][most_points], x[most_points], y[most_taps];
    for (int i = 0; i < most_points; ++i) {
      for (int j = 0; j < most_points; ++j) x[j] = vectors::load(value(i, j));
      times<Adjoint<TapsToPoints<across>>>(x, y);
      for (int j = 0; j < across; ++j) half[j][i] = y[j];
    }
    for (int j = 0; j < across; ++j) {
      times<Adjoint<TapsToPoints<down>>>(half[j], y);
      for (int i = 0; i < down; ++i) vectors::store(tap(i, j), y[i]);
    }
  });
}

}  // namespace duel::winograd
