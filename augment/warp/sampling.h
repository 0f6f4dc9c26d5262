// Reading an image between its pixels and beyond its borders. One text for all devices: where a point lies is computed with operations
// rounded once (so that `nearest` chooses the same pixel everywhere), what is read there in A.
#pragma once
#include "augment/recipe/compose.h"

namespace duel {

struct Sampling {
  Border border;
  Interpolation interpolation;
  float fill;  // what lies outside under Border::constant
};

struct Point {
  float x, y;
};

// Where (u, v) of the result comes from. Points without a place (behind the horizon, overflow) go far outside.
HD inline Point through(const Map& map, float u, float v) {
  const Exact x = Exact(map.m[0]) * Exact(u) + Exact(map.m[1]) * Exact(v) + Exact(map.m[2]);
  const Exact y = Exact(map.m[3]) * Exact(u) + Exact(map.m[4]) * Exact(v) + Exact(map.m[5]);
  const Exact z = Exact(map.m[6]) * Exact(u) + Exact(map.m[7]) * Exact(v) + Exact(map.m[8]);
  const auto within = [](float t) { return t > -1e6f ? t < 1e6f ? t : 1e6f : -1e6f; };
  return {within(x / z), within(y / z)};
}

// The pixel that stands for pixel `i` of a side of n; −1: none, the fill does.
HD inline int border_index(int i, int n, Border border) {
  if (i >= 0 && i < n) return i;
  switch (border) {
    case Border::edge:
      return i < 0 ? 0 : n - 1;
    case Border::reflect: {  // 2 1 | 0 1 2 | 1 0: the rim is not repeated
      const int period = n > 1 ? 2 * (n - 1) : 1;
      int r = i % period;
      r = r < 0 ? r + period : r;
      return r < n ? r : period - r;
    }
    case Border::wrap: {
      const int r = i % n;
      return r < 0 ? r + n : r;
    }
    default:
      return -1;
  }
}

// Weights of the pixels around t: bilinear of floor and floor + 1, bicubic of floor − 1 … floor + 2 (Keys 1981, a = −¾ as in PyTorch).
template <class A>
HD int tap_weights(Interpolation interpolation, float coordinate, int& first, A* weight) {
  if (interpolation == Interpolation::nearest) {
    first = static_cast<int>(exact_floor(coordinate)), weight[0] = A(1);
    return 1;
  }
  const float shifted = sub_rn(coordinate, .5f), below = exact_floor(shifted);
  const A t = A(sub_rn(shifted, below));
  if (interpolation == Interpolation::bilinear) {
    first = static_cast<int>(below), weight[0] = A(1) - t, weight[1] = t;
    return 2;
  }
  const A a = A(-.75);
  const auto near = [&](A d) { return ((a + A(2)) * d - (a + A(3))) * d * d + A(1); };
  const auto far = [&](A d) { return ((a * d - A(5) * a) * d + A(8) * a) * d - A(4) * a; };
  first = static_cast<int>(below) - 1;
  weight[0] = far(t + A(1)), weight[1] = near(t), weight[2] = near(A(1) - t), weight[3] = far(A(2) - t);
  return 4;
}

// Calls tap(row, column, weight) for each pixel that the point is read from, row −1 for the fill.
template <class A, class Tap>
HD void each_tap(const Sampling& s, int h, int w, Point at, A weight, Tap&& tap) {
  A wx[4], wy[4];
  int x0, y0;
  const int nx = tap_weights(s.interpolation, at.x, x0, wx), ny = tap_weights(s.interpolation, at.y, y0, wy);
  for (int i = 0; i < ny; ++i) {
    const int row = border_index(y0 + i, h, s.border);
    for (int j = 0; j < nx; ++j) {
      const int column = border_index(x0 + j, w, s.border);
      tap(column < 0 ? -1 : row, column, weight * wy[i] * wx[j]);
    }
  }
}

// How many samples a pixel of the result takes along u and v, so that the source is not skipped where the map shrinks it.
struct Taps {
  int u = 1, v = 1;
};
constexpr int most_taps = 16;
HD inline Taps antialias_taps(const Map& map) {
  const auto count = [](float a, float b) {
    const float length = sqrt_rn(Exact(a) * Exact(a) + Exact(b) * Exact(b));
    const int n = length < static_cast<float>(most_taps) ? -static_cast<int>(exact_floor(sub_rn(.01f, length))) : most_taps;
    return n < 1 ? 1 : n > most_taps ? most_taps : n;
  };
  return {count(map.m[0], map.m[3]), count(map.m[1], map.m[4])};
}

// Calls at(point, weight) for the samples of pixel (row i, column j) of the result; `move` may displace a point of the result first.
template <class A, class Move, class At>
HD void each_sample(const Map& map, Taps taps, int i, int j, Move&& move, At&& at) {
  const A weight = A(1) / A(taps.u * taps.v);
  for (int b = 0; b < taps.v; ++b)
    for (int a = 0; a < taps.u; ++a) {
      const float u = Exact(static_cast<float>(j)) + (Exact(static_cast<float>(a)) + Exact(.5f)) / Exact(static_cast<float>(taps.u));
      const float v = Exact(static_cast<float>(i)) + (Exact(static_cast<float>(b)) + Exact(.5f)) / Exact(static_cast<float>(taps.v));
      const Point moved = move(Point{u, v});
      at(through(map, moved.x, moved.y), weight);
    }
}

}  // namespace duel
