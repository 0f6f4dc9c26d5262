// What ops share with those that join them (conv_chain.cpp, biased_conv2d.cpp): rules of derivatives, and checks.
#pragma once
#include "engine/grad.h"
#include "engine/ops.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/bias_activation/bias_activation.h"

namespace duel {

inline Shape x_shape(const Conv2dProblem& d) { return {d.n, d.h, d.w, d.c}; }
inline Shape w_shape(const Conv2dProblem& d) { return {d.k, d.r, d.s, d.c}; }
inline Shape y_shape(const Conv2dProblem& d) { return {d.n, d.p, d.q, d.k}; }
// Throws Error(usage) where `read`, which is called `what`, and w are not of one type and device, and of these shapes.
void check_conv2d(const char* op, const char* what, const Tensor& read, const Shape& of_read, const Tensor& w, const Conv2dProblem& d);

// By x (by gy) and by w, of conv2d_fwd(x, w, d) and conv2d_dgrad(gy, w, d) with gradient g; one launch where a row can and both are needed.
Tensors conv2d_fwd_gradients(const Tensor& x, const Tensor& w, const Conv2dProblem& d, const Tensor& g, Needs needs);
Tensors conv2d_dgrad_gradients(const Tensor& gy, const Tensor& w, const Conv2dProblem& d, const Tensor& g, Needs needs);

// By x and, where it is wanted, by b, of bias_activation(x, b) = out with gradient g; without a bias it is the activation's. One pass where
// both are wanted.
Tensors bias_activation_gradients(const BiasActivationProblem& problem, const Tensor& out, const Tensor& g, bool to_bias);

// Batch norm of x by its own statistics, of which there are enough values. Throws Error(usage) where shapes, types or devices do not fit.
BatchNormProblem batch_norm_problem(const Tensor& x, const BatchNorm& bn, ActivationSpec then, int groups);
// By x, gamma and beta; not recorded.
Tensors batch_norm_gradients(const BatchNormProblem& problem, const Tensor& x, const BatchNorm& bn, const Tensor& mean,
                             const Tensor& invstd, const Tensor& g);

}  // namespace duel
