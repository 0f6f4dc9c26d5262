// What becomes of a net's gradients between its loss and its optimiser, the same for every kind of training.
#pragma once
#include "engine/grad.h"
#include "engine/ops.h"

namespace duel {

// Adds `more` to `sum`, which may be empty.
inline void accumulate(Tensors& sum, const Tensors& more) {
  NoGrad constant;  // a sum with a history would keep all that it was made of
  if (sum.empty()) sum = more;
  else
    for (size_t i = 0; i < sum.size(); ++i) sum[i] = sum[i] + more[i];
}

// Of sums over so many batches: their mean, and that of l1·Σ|w|, the weights' absolute values, which the loss has besides.
inline void finish(Tensors& gradients, const Tensors& weights, int batches, double l1) {
  NoGrad constant;
  if (batches > 1)
    for (Tensor& g : gradients) g = g * (1.0 / batches);
  if (l1 > 0)
    for (size_t i = 0; i < gradients.size(); ++i) gradients[i] = gradients[i] + cast(sign(weights[i]), gradients[i].dtype()) * l1;
}

}  // namespace duel
