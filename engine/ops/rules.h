// What ops share with a chain of them (conv_chain.cpp): rules of derivatives, and checks.
#pragma once
#include "engine/grad.h"
#include "engine/ops.h"
#include "kernels/batch_norm/batch_norm.h"

namespace duel {

// By x (by gy) and by w, of conv2d_fwd(x, w, d) and conv2d_dgrad(gy, w, d) with gradient g; one launch where a row can and both are needed.
Tensors conv2d_fwd_gradients(const Tensor& x, const Tensor& w, const Conv2dProblem& d, const Tensor& g, Needs needs);
Tensors conv2d_dgrad_gradients(const Tensor& gy, const Tensor& w, const Conv2dProblem& d, const Tensor& g, Needs needs);

// Batch norm of x by its own statistics, of which there are enough values. Throws Error(usage) where shapes, types or devices do not fit.
BatchNormProblem batch_norm_problem(const Tensor& x, const BatchNorm& bn, ActivationSpec then, int groups);
// By x, gamma and beta; not recorded.
Tensors batch_norm_gradients(const BatchNormProblem& problem, const Tensor& x, const BatchNorm& bn, const Tensor& mean,
                             const Tensor& invstd, const Tensor& g);

}  // namespace duel
