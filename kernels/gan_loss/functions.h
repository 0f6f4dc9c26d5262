// The arithmetic of the adversarial losses, once for all rows. A is float or double.
#pragma once
#include "kernels/gan_loss/gan_loss.h"
#include "kernels/pointwise/math.h"

namespace duel {

template <class A>
HD A gan_cost(JudgedBy by, A t, A y) {
  const A side = 2 * y - 1;
  switch (by) {
    case JudgedBy::cross_entropy:
      return math::softplus(t) - y * t;
    case JudgedBy::squares:
      return A(0.5) * (t - y) * (t - y);
    case JudgedBy::hinge:
      return 1 - side * t < 0 ? A(0) : 1 - side * t;  // a NaN stays
    case JudgedBy::linear:
      break;
  }
  return -side * t;
}

// By t; where the hinge bends, 0.
template <class A>
HD A gan_slope(JudgedBy by, A t, A y) {
  const A side = 2 * y - 1;
  switch (by) {
    case JudgedBy::cross_entropy:
      return math::sigmoid(t) - y;
    case JudgedBy::squares:
      return t - y;
    case JudgedBy::hinge:
      return 1 - side * t > 0 ? -side : A(0);
    case JudgedBy::linear:
      break;
  }
  return -side;
}

template <class A>
HD bool is_right(JudgedBy by, A t, int group) {
  const A border = by == JudgedBy::squares ? A(0.5) : A(0);
  return group == 0 ? t > border : t < border;
}

// What one launch adds up of a group.
struct GanSums {
  double cost = 0, sigma = 0, right = 0, output = 0;
  template <class A>
  HD void add(const GanLossProblem& p, int group, A t, A y) {
    cost += static_cast<double>(gan_cost(p.by, t, y));
    sigma += static_cast<double>(math::sigmoid(t));
    right += is_right(p.by, t, group) ? 1 : 0;
    output += static_cast<double>(t);
  }
};

HD inline int64_t target_of(const GanLossProblem& p, int group, int64_t row) { return p.own_targets ? group * p.rows + row : group; }

}  // namespace duel
