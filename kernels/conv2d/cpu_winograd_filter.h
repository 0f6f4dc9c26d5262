// Minimal filtering in one dimension, F(m, t): m outputs of t taps, from m + t − 1 pixels and as many multiplications.
//
// Taps and pixels are taken for polynomials, which are multiplied at so many points and put together again (Winograd, "Arithmetic
// Complexity of Computations", 1980; for convolutions in two dimensions Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks", 2016):
//
//   taps    G_p = Σ_j g_j p^j                                  G_∞ = the last tap
//   pixels  D_p = Σ_i d_i [xⁱ] Π_{q≠p} (x − q) / (p − q)       D_∞ = Σ_i d_i [xⁱ] Π_q (x − q)
//   y_k   = Σ_p p^k G_p D_p, and for the last k + G_∞ D_∞
//
// The points are the first of 0, 1, −1, ½, −2, and ∞ where there is more than one tap. Divisors are the pixels' matter, so that the taps'
// values are those of every m. With three finite points at most the factors are ±1 and ½, and integers stay exact; four finite points
// cannot all differ by powers of two, so with more of them there are thirds. ½ and −2 came out first or second among 190 pairs of simple
// fractions by the error against f64; 2 and −2, as often printed, round half as much again where five taps meet.
#pragma once
#include <array>
#include <type_traits>
#include <utility>

#include "kernels/cpu_vector.h"

namespace duel::winograd {

using vectors::Vector;

constexpr int most_points = 6, infinity = most_points - 1;  // ∞ comes last, wherever the others end
constexpr double finite_points[infinity] = {0, 1, -1, .5, -2};
constexpr int most_taps = 3, most_outputs = 5;

constexpr double power(double x, int n) { return n == 0 ? 1 : x * power(x, n - 1); }
// The finite points of F(outputs, taps).
constexpr int finite_of(int outputs, int taps) { return taps == 1 ? outputs : outputs + taps - 2; }

// Matrices [out][in] that are known when this is compiled.
template <int in_count, int out_count>
struct Shape {
  static constexpr int in = in_count, out = out_count;
  using Table = std::array<std::array<double, in>, out>;
};
template <class Map>
struct Adjoint : Shape<Map::out, Map::in> {
  static constexpr auto at = [] {
    typename Adjoint::Table t{};
    for (int i = 0; i < Adjoint::out; ++i)
      for (int j = 0; j < Adjoint::in; ++j) t[i][j] = Map::at[j][i];
    return t;
  }();
};
template <int outputs, int taps>
struct PixelsToPoints : Shape<outputs + taps - 1, outputs + taps - 1> {
  static constexpr auto at = [] {
    constexpr int finite = finite_of(outputs, taps);
    typename PixelsToPoints::Table t{};
    for (int p = 0; p < PixelsToPoints::out; ++p) {
      t[p][0] = 1;
      for (int q = 0, degree = 0; q < finite; ++q) {
        if (q == p) continue;
        const double divisor = p < finite ? finite_points[p] - finite_points[q] : 1;
        ++degree;
        for (int i = degree; i >= 0; --i) {
          const double lower = i > 0 ? t[p][i - 1] : 0, same = i < degree ? t[p][i] : 0;
          t[p][i] = (lower - finite_points[q] * same) / divisor;
        }
      }
    }
    return t;
  }();
};
template <int outputs, int taps>  // taps: of the longest group
struct PointsToOutputs : Shape<outputs + taps - 1, outputs> {
  static constexpr auto at = [] {
    constexpr int finite = finite_of(outputs, taps);
    typename PointsToOutputs::Table t{};
    for (int k = 0; k < outputs; ++k)
      for (int p = 0; p < PointsToOutputs::in; ++p) t[k][p] = p < finite ? power(finite_points[p], k) : k == outputs - 1;
    return t;
  }();
};
template <int taps>
struct TapsToPoints : Shape<taps, most_points> {  // at every point, wanted or not
  static constexpr auto at = [] {
    typename TapsToPoints::Table t{};
    for (int j = 0; j < taps; ++j) {
      for (int p = 0; p < infinity; ++p) t[p][j] = power(finite_points[p], j);
      t[infinity][j] = taps > 1 && j == taps - 1;
    }
    return t;
  }();
};

// Row i of the matrix times x: what the terms before j came to is `sum`, if there were any.
template <class Map, int i, int j = 0, bool begun = false>
inline Vector row_times(const Vector* x, Vector sum = Vector{}) {
  if constexpr (j == Map::in) {
    return sum;
  } else {
    constexpr auto a = static_cast<float>(Map::at[i][j]);
    if constexpr (a == 0) return row_times<Map, i, j + 1, begun>(x, sum);
    else if constexpr (!begun) return row_times<Map, i, j + 1, true>(x, a == 1 ? x[j] : x[j] * a);
    else if constexpr (a == 1) return row_times<Map, i, j + 1, true>(x, sum + x[j]);
    else if constexpr (a == -1) return row_times<Map, i, j + 1, true>(x, sum - x[j]);
    else return row_times<Map, i, j + 1, true>(x, vectors::multiply_add(x[j], vectors::broadcast(a), sum));
  }
}
template <class Map, int... i>
inline void rows_times(const Vector* x, Vector* y, std::integer_sequence<int, i...>) {
  ((y[i] = row_times<Map, i>(x)), ...);
}
template <class Map>
inline void times(const Vector* x, Vector* y) {
  rows_times<Map>(x, y, std::make_integer_sequence<int, Map::out>{});
}

// to[i] (+)= Σ_j at[i][j] from[j], for so many floats from each pointer on, a multiple of the vectors' width.
template <class Map, bool add>
inline void combine(const float* const* from, float* const* to, int64_t count) {
  for (int64_t at = 0; at < count; at += vectors::lanes) {
    Vector x[Map::in], y[Map::out];
#pragma GCC unroll 6
    for (int j = 0; j < Map::in; ++j) x[j] = vectors::load(from[j] + at);
    times<Map>(x, y);
#pragma GCC unroll 6
    for (int i = 0; i < Map::out; ++i) vectors::store(to[i] + at, add ? vectors::load(to[i] + at) + y[i] : y[i]);
  }
}

// f(outputs, taps) with both as integral constants.
template <class F>
void with_filter(int outputs, int taps, F&& f) {
  const auto with_taps = [&](auto m) {
    using std::integral_constant;
    if (taps == 1) f(m, integral_constant<int, 1>{});
    else if (taps == 2) f(m, integral_constant<int, 2>{});
    else if constexpr (m + 3 - 1 <= most_points) f(m, integral_constant<int, 3>{});
  };
  switch (outputs) {
    case 1:
      return with_taps(std::integral_constant<int, 1>{});
    case 2:
      return with_taps(std::integral_constant<int, 2>{});
    case 3:
      return with_taps(std::integral_constant<int, 3>{});
    case 4:
      return with_taps(std::integral_constant<int, 4>{});
    default:
      return with_taps(std::integral_constant<int, 5>{});
  }
}

}  // namespace duel::winograd
