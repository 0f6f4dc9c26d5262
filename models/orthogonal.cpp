#include "models/orthogonal.h"

#include <algorithm>
#include <cmath>

#include "engine/ops.h"

namespace duel {
namespace {

// Eight sums, so that the compiler may use vectors without changing an order.
double dot(const double* a, const double* b, int64_t n) {
  double sums[8] = {};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int j = 0; j < 8; ++j) sums[j] += a[i + j] * b[i + j];
  for (; i < n; ++i) sums[0] += a[i] * b[i];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

// What v has of the unit vector q is taken away.
void leave_out(const double* q, double* v, int64_t n) {
  const double share = dot(q, v, n);
  for (int64_t i = 0; i < n; ++i) v[i] -= share * q[i];
}

// Modified Gram-Schmidt on `count` vectors of n values. A few finished vectors at a time meet all later ones, so that each of those comes
// from memory once for all of the few.
void gram_schmidt(std::vector<double>& vectors, int64_t count, int64_t n) {
  constexpr int64_t at_a_time = 8;
  double* const v = vectors.data();
  for (int64_t first = 0; first < count; first += at_a_time) {
    const int64_t end = std::min(first + at_a_time, count);
    for (int64_t i = first; i < end; ++i) {
      for (int64_t q = first; q < i; ++q) leave_out(v + q * n, v + i * n, n);
      const double length = std::sqrt(dot(v + i * n, v + i * n, n));
      for (int64_t k = 0; k < n; ++k) v[i * n + k] /= length;
    }
#pragma omp parallel for schedule(static) if ((count - end) * n > 1 << 16)
    for (int64_t i = end; i < count; ++i)
      for (int64_t q = first; q < end; ++q) leave_out(v + q * n, v + i * n, n);
  }
}

}  // namespace

Tensor orthogonal(const Rng& rng, int number, int64_t rows, int64_t columns) {
  const int64_t count = std::min(rows, columns), n = std::max(rows, columns);
  std::vector<double> vectors = rng.normal({count, n}, step_counter(number, Device::cpu), 0, 1, DType::f64).values();
  gram_schmidt(vectors, count, n);
  gram_schmidt(vectors, count, n);  // the first leaves an error that grows with the condition of the matrix; twice is enough
  if (rows <= columns) return Tensor::from({rows, columns}, vectors, DType::f64, Device::cpu);
  return transpose(Tensor::from({columns, rows}, vectors, DType::f64, Device::cpu)).detach();
}

}  // namespace duel
