// Minimal filtering along one side of an image, for the CPU's rows: how windows and outputs are cut up, and the transforms.
//
// A convolution of stride u is a sum over u phases, each of which meets every u-th pixel by every u-th tap. What a phase has of taps is cut
// into groups of one to three, and the outputs into runs of two or three; a run's values are then polynomials' values at four points:
//
//   two outputs, up to two taps         two outputs, three taps             three outputs, up to two taps
//   y₀ = m₀ + m₊     m₀ = (d₀ − d₁)·g₀  y₀ = m₀ + m₊ + m₋                   y₀ = m₀ + m₊ + m₋    m₀ = (d₀ − d₂)·G₀
//   y₁ = m₊ + m∞     m₊ = d₁·(g₀ + g₁)  y₁ = m₊ − m₋ + m∞                   y₁ = m₊ − m₋         m₊ = ½(d₂ + d₁)·G₊
//                    m∞ = (d₂ − d₁)·g₁                                      y₂ = m₊ + m₋ + m∞    m∞ = (d₃ − d₁)·G∞
//                                                                                                m₋ = ½(d₂ − d₁)·G₋
//
// with pixels d, taps g, the last column's m in the middle too, and G the taps' polynomial at 0, 1, ∞ and −1: g₀, g₀ + g₁ + g₂, the last
// one, and g₀ − g₁ + g₂. That is three multiplications for four, or four for six. A tap by itself has nothing at ∞. The taps' values are
// the same for runs of both lengths, so that both meet in one sum. No factor but ±1 and ½: integers stay exact. (Winograd, "Arithmetic
// Complexity of Computations", 1980; for convolutions in two dimensions Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks", 2016, section 4.1.)
#pragma once
#include <algorithm>

#include "kernels/cpu_vector.h"

namespace duel::winograd {

using vectors::Vector;

constexpr int points = 4, infinity = 2, minus = 3;  // in the order 0, 1, ∞, −1
constexpr int most_taps = 3;

// The transforms, in place, and their adjoints. `in` values are read and `out` written.
template <int count>  // pixels, and points: three or four
struct PixelsToPoints {
  static constexpr int in = count, out = count;
  void operator()(Vector& a, Vector& b, Vector& c, Vector& d) const {
    const Vector left = b, right = c;
    if constexpr (count == 3) a -= left, c = right - left;
    else a -= right, b = (right + left) * .5f, c = d - left, d = (right - left) * .5f;
  }
};
template <int count>
struct PointsToPixels {
  static constexpr int in = count, out = count;
  void operator()(Vector& a, Vector& b, Vector& c, Vector& d) const {
    const Vector plus = b, last = c;
    if constexpr (count == 3) b = plus - a - last;
    else b = (plus - d) * .5f - last, c = (plus + d) * .5f - a, d = last;
  }
};
template <int count, int outputs>
struct PointsToOutputs {
  static constexpr int in = count, out = outputs;
  void operator()(Vector& a, Vector& b, Vector& c, Vector& d) const {
    const Vector plus = b;
    if constexpr (count == 3) a += plus, b = plus + c;
    else if constexpr (outputs == 2) a += plus + d, b = plus - d + c;
    else a += plus + d, b = plus - d, c += plus + d;
  }
};
template <int count, int outputs>
struct OutputsToPoints {
  static constexpr int in = outputs, out = count;
  void operator()(Vector& a, Vector& b, Vector& c, Vector& d) const {
    const Vector middle = b;
    if constexpr (outputs == 3) b = a + middle + c, d = a - middle + c;
    else b = a + middle, c = middle;
    if constexpr (outputs == 2 && count == 4) d = a - middle;
  }
};
struct TapsToPoints {
  int taps;
  static constexpr int in = most_taps, out = points;  // those that are not there are zero
  void operator()(Vector& a, Vector& b, Vector& c, Vector& d) const {
    const Vector even = a + c, odd = b;
    if (taps < 3) c = odd;
    b = even + odd, d = even - odd;
  }
};
struct PointsToTaps {
  int taps;
  static constexpr int in = points, out = most_taps;
  void operator()(Vector& a, Vector& b, Vector& c, Vector& d) const {
    const Vector plus = b, last = c;
    a += plus + d, b = plus - d;
    if (taps < 3) b += last;
    c = plus + d + last;
  }
};

// `down` along each column, then `across` along each row. from(i, j) and to(i, j, value) are asked for what goes in and told what comes
// out.
template <class Down, class Across, class From, class To>
inline void transform(Down down, Across across, From&& from, To&& to) {
  Vector x[points][points];
#pragma GCC unroll 4
  for (int j = 0; j < Across::in; ++j) {
#pragma GCC unroll 4
    for (int i = 0; i < Down::in; ++i) x[i][j] = from(i, j);
    down(x[0][j], x[1][j], x[2][j], x[3][j]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < Down::out; ++i) {
    across(x[i][0], x[i][1], x[i][2], x[i][3]);
#pragma GCC unroll 4
    for (int j = 0; j < Across::out; ++j) to(i, j, x[i][j]);
  }
}

// Some taps of a window, a stride apart: pixels phase + stride·(first … first + taps − 1) of it.
struct Group {
  int phase, first, taps;
  int offset(int stride) const { return phase + first * stride; }  // of the first, from the window's
};

// One side of the image: its groups and runs. Where a group has three taps all runs are of two outputs, the last one's second perhaps
// beyond the edge; else there are as many runs of three as there can be, and they come first.
struct Side {
  static constexpr int most_groups = 4;
  int outputs, stride;
  Group group[most_groups];
  int groups = 0;
  bool triples = false;  // is there a group of three taps?
  int threes, twos;
  bool supported;

  Side(int outputs, int kernel, int stride) : outputs(outputs), stride(stride), supported(kernel > stride && outputs > 1) {
    for (int phase = 0; phase < std::min(stride, kernel); ++phase) triples = triples || (kernel - phase + stride - 1) / stride > 2;
    for (int phase = 0; phase < std::min(stride, kernel); ++phase)
      for (int taps = (kernel - phase + stride - 1) / stride, first = 0; first < taps && supported;) {
        const int here = std::min(taps - first, triples ? 3 : 2);
        if (groups == most_groups) supported = false;
        else group[groups++] = {phase, first, here}, first += here;
      }
    threes = triples ? 0 : outputs / 3 - (outputs % 3 == 1);
    twos = triples ? (outputs + 1) / 2 : (3 - outputs % 3) % 3;
  }
  int runs() const { return threes + twos; }
  int first_output(int run) const { return 3 * std::min(run, threes) + 2 * std::max(run - threes, 0); }

  bool has(int g, int point) const {
    return point == infinity ? group[g].taps > 1 : point != minus || group[g].taps == 3 || (!triples && threes > 0);
  }
  int with(int point) const { return point == minus && !triples ? threes : runs(); }  // runs that have the point
  int width(int point) const { return place(groups, point); }                         // groups that do
  int place(int g, int point) const {                                                 // of group g among them
    int before = 0;
    for (int i = 0; i < g; ++i) before += has(i, point);
    return before;
  }
  double multiplications() const {  // to those of the plain sum
    int sum = 0, taps = 0;
    for (int point = 0; point < points; ++point) sum += with(point) * width(point);
    for (int g = 0; g < groups; ++g) taps += group[g].taps;
    return static_cast<double>(sum) / (outputs * taps);
  }
};

}  // namespace duel::winograd
