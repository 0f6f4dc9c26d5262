// Spectral normalisation of a weight: Miyato, Kataoka, Koyama & Yoshida, "Spectral normalization for generative adversarial networks"
// (2018).
//
//   W_SN = W / σ(W)        σ(W) = uᵀ W v, the largest singular value        equations 8 and 7
//
// W is the weight as a matrix [out, rest]: [k, r·s·c] of a convolution, [out, in] of a dense layer. u and v come from power iteration
// (algorithm 1) and are constants to the derivative, whose second term −W·⟨g, W⟩/… comes from σ's dependence on W. Also for a transposed
// convolution, whose weight [k,r,s,c] belongs to the convolution it is the adjoint of: there c leaves the layer, and the matrix is
// [c, k·r·s].
#pragma once
#include "models/layers.h"

namespace duel {

// w [out, …, in], u [out], v [rest] in the accumulator's dtype. Throws Error(usage) where u and v do not fit.
Tensor spectral_norm(const Tensor& w, const Tensor& u, const Tensor& v, LeavesBy axis = LeavesBy::first_axis);

// One step of algorithm 1, in place: v ← Wᵀu / ‖Wᵀu‖, u ← Wv / ‖Wv‖. Once a training step of D; evaluation leaves u and v alone.
void power_iteration(const Tensor& w, const Tensor& u, const Tensor& v, LeavesBy axis = LeavesBy::first_axis);

}  // namespace duel
