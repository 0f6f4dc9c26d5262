// The engine's ops: shape check, pick a row, record the derivative. One file per family in engine/ops/, mirroring kernels/.
//
// All inputs of an op are on one device and, unless said otherwise, of one dtype. A wrong shape throws Error(usage) that leads with [op].
// Every op differentiates to any order unless its comment says "no derivative".
#pragma once
#include "engine/rng.h"
#include "engine/tensor.h"
#include "kernels/activation/activation.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/gan_loss/gan_loss.h"
#include "kernels/pool2d/pool2d.h"

namespace duel {

// --- convolution: engine/ops/conv2d.cpp --------------------------------------------------------------------------------------------------
struct Window {
  int stride = 1, pad = 0;
};
// x [n,h,w,c], w [k,r,s,c] → [n,p,q,k] with p = ⌊(h + 2·pad − r)/stride⌋ + 1.
Tensor conv2d(const Tensor& x, const Tensor& w, Window window = {});
// The adjoint: x [n,p,q,k], w [k,r,s,c] → [n,h,w,c] with h = (p − 1)·stride − 2·pad + r. The weight is that of the convolution it is the
// adjoint of, so its first axis is the *input's* channels.
Tensor conv_transpose2d(const Tensor& x, const Tensor& w, Window window = {});
// "Same" padding: [n,h,w,c] → [n,⌈h/stride⌉,⌈w/stride⌉,k]. With total = max((p − 1)·stride + r − h, 0) rows of padding, ⌊total/2⌋ stand
// before the image and the rest behind it; columns likewise. An even image and r = 3, stride 2 have (0, 1).
Tensor conv2d_same(const Tensor& x, const Tensor& w, int stride = 1);
// Its adjoint, from an image `stride` times as large: [n,p,q,k] → [n,p·stride,q·stride,c].
Tensor conv_transpose2d_same(const Tensor& x, const Tensor& w, int stride = 1);
// The problems that these are; a transposed convolution's is that of its adjoint.
Conv2dProblem conv2d_problem(const Shape& x, const Shape& w, Window window = {});
Conv2dProblem conv_transpose2d_problem(const Shape& x, const Shape& w, Window window = {});
Conv2dProblem conv2d_same_problem(const Shape& x, const Shape& w, int stride = 1);
Conv2dProblem conv_transpose2d_same_problem(const Shape& x, const Shape& w, int stride = 1);
// Any strides, padding and output size: the three ops of kernels/conv2d. The problem's dtype is set from the tensors.
Tensor conv2d_fwd(const Tensor& x, const Tensor& w, Conv2dProblem problem);
Tensor conv2d_dgrad(const Tensor& gy, const Tensor& w, Conv2dProblem problem);
Tensor conv2d_wgrad(const Tensor& x, const Tensor& gy, Conv2dProblem problem);  // in the accumulator's dtype

// --- pooling: engine/ops/pool2d.cpp ------------------------------------------------------------------------------------------------------
struct Pool {
  int size = 2, stride = 0, pad = 0;  // stride 0: as large as the window, so windows lie side by side; pad < size
};
// x [n,h,w,c] → [n,p,q,c] with p = ⌊(h + 2·pad − size)/stride⌋ + 1. Of equal values in a window the first gets the whole gradient.
Tensor max_pool2d(const Tensor& x, Pool pool = {});
Tensor avg_pool2d(const Tensor& x, Pool pool = {}, PoolOver over = PoolOver::window);
Tensor global_avg_pool(const Tensor& x);                       // [n,h,w,c] → [n,c]
Tensor upsample_nearest(const Tensor& x, int rows, int cols);  // [n,h,w,c] → [n, h·rows, w·cols, c]: each pixel repeated
// Any strides, padding and output size: the five ops of kernels/pool2d. The problem's dtype is set from the tensors.
Tensor max_pool2d_fwd(const Tensor& x, Pool2dProblem problem);
Tensor max_pool2d_scatter(const Tensor& gy, const Tensor& tap, Pool2dProblem problem);  // tap i32, of y's shape, has no derivative
Tensor max_pool2d_gather(const Tensor& x, const Tensor& tap, Pool2dProblem problem);
Tensor avg_pool2d_fwd(const Tensor& x, Pool2dProblem problem);
Tensor avg_pool2d_grad(const Tensor& gy, Pool2dProblem problem);

// --- dropout: engine/ops/dropout.cpp -----------------------------------------------------------------------------------------------------
// Drops elements with probability p and divides the others by 1 − p. The coins are those of rng at `step` (i32[1], where x is); each layer
// of a net has its own. Samples are numbered from `first`. For training: evaluation leaves it out.
Tensor dropout(const Tensor& x, double p, const Rng& rng, const Tensor& step, int layer = 0, int64_t first = 0);

// --- matrix product: engine/ops/gemm.cpp -------------------------------------------------------------------------------------------------
// op(a)·op(b) of [m,k]·[k,n], or of equal batches of them; ta: a is stored [k,m]; tb: b is stored [n,k].
Tensor matmul(const Tensor& a, const Tensor& b, bool ta = false, bool tb = false);
// x [n,in], w [out,in], bias [out] or undefined → [n,out].
Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias = {});

// --- batch norm: engine/ops/batch_norm.cpp -----------------------------------------------------------------------------------------------
// Ioffe & Szegedy (2015). Channels are the last axis; parameters and statistics are [c] in the accumulator's dtype.
struct BatchNorm {
  Tensor gamma, beta, running_mean, running_var;
  double momentum = 0.1;  // weight of the new batch (PyTorch's convention)
  double eps = 1e-5;
};
struct ActivationSpec {
  Act act = Act::none;  // behind a norm: none, relu or leaky_relu
  double slope = 0;
};
// Normalises with this batch's statistics (biased variance), then applies `then`; the running statistics move in place (unbiased variance).
// Samples in `groups` equal groups, one behind the other, are as many batches: each has statistics of its own.
Tensor batch_norm(const Tensor& x, const BatchNorm& bn, ActivationSpec then = {}, int groups = 1);
// Normalises with the running statistics.
Tensor batch_norm_infer(const Tensor& x, const BatchNorm& bn, ActivationSpec then = {});

// --- bias and activation behind a convolution: engine/ops/biased_conv2d.cpp --------------------------------------------------------------
// What conv2d_fwd or conv2d_dgrad, then add or bias_activation give one after the other; without a bias, activation(). b [channels that the
// convolution leaves] or undefined. One launch forward where a row of kernels/normed_conv2d can, and none of those ops is asked for by
// name.
Tensor biased_conv2d_fwd(const Tensor& x, const Tensor& w, const Tensor& b, const Conv2dProblem& problem, ActivationSpec then = {});
Tensor biased_conv2d_dgrad(const Tensor& gy, const Tensor& w, const Tensor& b, const Conv2dProblem& problem, ActivationSpec then = {});

// --- convolutions one behind the other: engine/ops/conv_chain.cpp ------------------------------------------------------------------------
// A convolution, or a transposed one, the batch norm behind it where gamma is defined, and the activation behind that.
struct ConvLink {
  Tensor w;
  Window window;
  bool transposed = false;
  BatchNorm norm;
  ActivationSpec then;  // behind the last link any activation, else none, relu or leaky_relu
};
// What conv2d or conv_transpose2d, batch_norm and activation give one after the other. Where rows of kernels/normed_conv2d can, and no row
// of those ops is asked for by name, a link makes what it reads from the output of the one before as it loads it, which is not stored, and
// batch norm has no forward pass of its own. Derivatives of the second order on are those of the ops by themselves.
Tensor conv_chain(const Tensor& x, const std::vector<ConvLink>& links, int groups = 1);

// --- layer and instance norm: engine/ops/sample_norm.cpp ---------------------------------------------------------------------------------
// Each sample of x [n, …, c] is normalised by itself (biased variance), then `then` is applied; gamma and beta are [c] in the accumulator's
// dtype. The same in training and afterwards: there are no running statistics.
// Over all positions and channels of a sample: Ba, Kiros & Hinton (2016); on images it is Wu & He's group norm (2018) with one group.
Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, ActivationSpec then = {}, double eps = 1e-5);
// Over the positions of each sample and channel, at least two: Ulyanov, Vedaldi & Lempitsky (2016).
Tensor instance_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, ActivationSpec then = {}, double eps = 1e-5);

// --- activations: engine/ops/activation.cpp ----------------------------------------------------------------------------------------------
Tensor activation(const Tensor& x, Act act, double slope = 0);
Tensor relu(const Tensor& x);
Tensor leaky_relu(const Tensor& x, double slope);
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor softplus(const Tensor& x);
// activation(x + b), b [c] along the last axis, without rounding the sum between. none, relu, leaky_relu with a slope of 0 or more, tanh or
// sigmoid: engine/ops/bias_activation.cpp.
Tensor bias_activation(const Tensor& x, const Tensor& b, ActivationSpec then);
// g·f'(·), where saved is x, or the output for tanh and sigmoid.
Tensor activation_grad(const Tensor& saved, const Tensor& g, Act act, double slope = 0);

// --- element-wise: engine/ops/pointwise.cpp ----------------------------------------------------------------------------------------------
Tensor neg(const Tensor& x);
Tensor abs(const Tensor& x);
Tensor sign(const Tensor& x);
Tensor square(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor rsqrt(const Tensor& x);
Tensor reciprocal(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor affine(const Tensor& x, double a, double b);  // a·x + b
Tensor clamp(const Tensor& x, double low, double high);
Tensor inside(const Tensor& x, double low, double high);  // 1 where low ≤ x ≤ high, else 0
Tensor step(const Tensor& x, double otherwise = 0);       // 1 where x > 0, else `otherwise`

// Operands have equal shapes, or one of them is broadcast: a scalar (one element), per channel ([c], the last axis), per sample
// ([n, 1, …, 1] of the other's rank) or per image and channel ([n, 1, …, 1, c], likewise).
Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
Tensor maximum(const Tensor& a, const Tensor& b);  // where equal, the gradient goes to b
Tensor minimum(const Tensor& a, const Tensor& b);  // likewise
Tensor greater(const Tensor& a, const Tensor& b);  // 1 where a > b, else 0
inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator+(const Tensor& a, double b) { return affine(a, 1, b); }
inline Tensor operator-(const Tensor& a, double b) { return affine(a, 1, -b); }
inline Tensor operator*(const Tensor& a, double b) { return affine(a, b, 0); }
inline Tensor operator*(double a, const Tensor& b) { return affine(b, a, 0); }
inline Tensor operator-(const Tensor& a) { return neg(a); }

// Repeats a broadcastable tensor to `shape`; its derivative is a sum, and a sum's is this.
Tensor broadcast_to(const Tensor& x, const Shape& shape);
Tensor cast(const Tensor& x, DType dtype);

// --- reductions: engine/ops/reduce.cpp; results in the accumulator's dtype ---------------------------------------------------------------
Tensor sum(const Tensor& x);             // []
Tensor mean(const Tensor& x);            // []
Tensor sum_per_sample(const Tensor& x);  // [n, 1, …, 1]
Tensor mean_per_sample(const Tensor& x);
Tensor sum_per_channel(const Tensor& x);  // [c]
Tensor mean_per_channel(const Tensor& x);
Tensor sum_per_image(const Tensor& x);  // [n, 1, …, 1, c]: over the positions of a sample, for each channel; rank 3 or more
Tensor mean_per_image(const Tensor& x);
Tensor sum_to(const Tensor& x, const Shape& shape);  // the adjoint of broadcast_to

// --- losses: engine/ops/loss.cpp ---------------------------------------------------------------------------------------------------------
Tensor softmax(const Tensor& x);  // [n,c], over c
Tensor log_softmax(const Tensor& x);
Tensor cross_entropy(const Tensor& logits, const Tensor& labels);                 // [n,c], i32 [n] → [n], −log softmax(logits)[label]
Tensor one_hot(const Tensor& labels, int64_t classes, DType dtype = DType::f32);  // i32 [n] → [n,classes]; labels have no derivative
Tensor bce_logits(const Tensor& logits, const Tensor& targets);  // element-wise −t·log σ(x) − (1−t)·log(1−σ(x)); targets may broadcast
// What a discriminator said of one or more equal groups of samples, t of any shape, against what it was to say, 0 to 1: targets [groups],
// or [groups, t.count()/groups] for one to each value. loss: Σ over groups of the mean of what `by` makes of each value
// (kernels/gan_loss/). said [groups, 3]: mean σ(t), share that is right (the first group is real), mean t; no derivative. f32 or f64.
struct Judged {
  Tensor loss, said;
};
Judged gan_loss(const Tensor& t, const Tensor& targets, JudgedBy by);
// The continuous Bernoulli distribution on [0, 1] by its logit t, element-wise (kernels/cb_moment/): −log p(x) = cb_log_partition(t) − t·x,
// and E xⁿ = cb_moment(t, n) with n from 1. Safe at any finite t, 0 included. Derivatives up to the 64th.
Tensor cb_log_partition(const Tensor& logits);
Tensor cb_moment(const Tensor& logits, int order = 1);

// --- moving data: engine/ops/layout.cpp --------------------------------------------------------------------------------------------------
Tensor reshape(const Tensor& x, const Shape& shape);       // a view
Tensor slice(const Tensor& x, int64_t from, int64_t to);   // samples [from, to): a view
Tensor concat(const Tensor& a, const Tensor& b);           // samples of a, then those of b; all other axes equal
Tensor concat_channels(const Tensor& a, const Tensor& b);  // along the last axis; leading axes equal
Tensor slice_channels(const Tensor& x, int64_t from, int64_t count);
Tensor gather_rows(const Tensor& table, const Tensor& index);  // table [v,d], index i32 [n] → [n,d]; throws on an index outside [0,v)
Tensor scatter_add_rows(const Tensor& g, const Tensor& index, int64_t rows);  // [n,d] → [rows,d]: the adjoint
Tensor transpose(const Tensor& x);                                            // the last two axes

}  // namespace duel
