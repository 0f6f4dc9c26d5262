// What cb_moment does to one element, written once for every row.
//
// Away from t = 0, integration by parts gives E xⁿ = eᵗ/(eᵗ − 1) − (n/t)·E xⁿ⁻¹. From E x⁰ = 1 upwards this loses nothing while n ≤ |t|,
// but for small t it divides a vanishing difference by t. There the integrals are summed as power series, all of whose terms are positive:
//
//   ∫ sⁿ eᵗˢ ds = Σ tᵏ/(k!·(n + 1 + k))  for t ≥ 0,   and with τ = −t > 0   e^−τ·Σ τᵏ/((n + 1)(n + 2)…(n + 1 + k))    (Kummer)
//
// Near 0 a row is bounded by the divisions of the series, not by memory.
#pragma once
#include "kernels/cb_moment/cb_moment.h"
#include "kernels/pointwise/math.h"

namespace duel {

// T is the arithmetic's type: float or double.
template <class T>
HD bool is_far_from_zero(T t, int order) {
  return math::abs(t) >= (order > 1 ? static_cast<T>(order) : T(1));
}
template <class T>
HD int cb_series_terms(int order) {
  return (sizeof(T) == sizeof(float) ? 12 : 19) + 3 * order;  // enough for |t| up to the order
}

template <class T>
HD T cb_moment_value(T t, int order) {
  const T size = math::abs(t), n = static_cast<T>(order);
  const T e = math::exp(-size), positive = t > T(0) ? t : T(0);
  if (is_far_from_zero(t, order)) {
    if (order == 0) return positive + math::log((T(1) - e) / size);
    const T edge = (t > T(0) ? T(1) : -e) / (T(1) - e);
    T moment = 1;
    for (int k = 1; k <= order; ++k) moment = edge - static_cast<T>(k) / t * moment;
    return moment;
  }
  const int terms = cb_series_terms<T>(order);
  T power = 1, rising = T(1) / (n + 1), above = rising, below = 1;  // τᵏ/k!, τᵏ/((n + 1)…(n + 1 + k)), and the sums
  for (int k = 1; k < terms; ++k) {
    const T i = static_cast<T>(k);
    power = power * (size / i);
    rising = rising * (size / (n + 1 + i));
    above = above + (t > T(0) ? power / (n + 1 + i) : rising);
    below = below + power / (i + 1);
  }
  return order == 0 ? positive - size + math::log(below) : above / below;
}

}  // namespace duel
