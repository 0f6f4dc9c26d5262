// Both ops as plain loops, in arithmetic of type C: the reference's are double's, those of the CPU row float's, for a batch has hundreds of
// outputs, not millions.
#pragma once
#include "kernels/gan_loss/functions.h"

namespace duel {
namespace {

template <class T, class C>
void gan_loss(const GanLossProblem& p, const GanLoss::Args& a) {
  const T *t = static_cast<const T*>(a.t), *y = static_cast<const T*>(a.y);
  const C each = C(1) / static_cast<C>(p.rows);
  double loss = 0;
  for (int group = 0; group < p.groups; ++group) {
    GanSums found;
    for (int64_t row = 0; row < p.rows; ++row) {
      const int64_t i = group * p.rows + row;
      const C v = static_cast<C>(t[i]), target = static_cast<C>(y[target_of(p, group, row)]);
      found.add(p, group, v, target);
      static_cast<T*>(a.gt)[i] = static_cast<T>(each * gan_slope(p.by, v, target));
    }
    const double rows = static_cast<double>(p.rows);
    T* said = static_cast<T*>(a.said) + int64_t{group} * 3;
    said[0] = static_cast<T>(found.sigma / rows), said[1] = static_cast<T>(found.right / rows),
    said[2] = static_cast<T>(found.output / rows);
    loss += found.cost / rows;
  }
  *static_cast<T*>(a.loss) = static_cast<T>(loss);
}

template <class T, class C>
void gan_loss_grad(const GanLossProblem& p, const GanLossGrad::Args& a) {
  const T *t = static_cast<const T*>(a.t), *y = static_cast<const T*>(a.y);
  const C g = static_cast<C>(*static_cast<const T*>(a.g)) / static_cast<C>(p.rows);
  for (int group = 0; group < p.groups; ++group)
    for (int64_t row = 0; row < p.rows; ++row) {
      const int64_t i = group * p.rows + row;
      static_cast<T*>(a.gt)[i] = static_cast<T>(g * gan_slope(p.by, static_cast<C>(t[i]), static_cast<C>(y[target_of(p, group, row)])));
    }
}

}  // namespace
}  // namespace duel
