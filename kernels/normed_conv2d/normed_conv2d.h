// Convolution of what batch norm and an activation leave, which is never stored: it is made of the tensor before them as that is loaded.
// And the statistics that the next batch norm wants, found while the output is stored. With both, batch norm has no pass of its own. Where
// no norm follows, a bias and an activation are taken as the output is stored, and have none either.
//
//   a(t) = act(gamma·(t − mean)·invstd + beta)       per channel and group of images; act(t) alone where norm is false
//
//   normed_conv2d_fwd    (x, …, w, bias)  → y  = then(conv2d_fwd(a(x), w) + bias)      [, mean and invstd of y, and running statistics]
//   normed_conv2d_dgrad  (gy, …, w, bias) → gx = then(conv2d_dgrad(a(gy), w) + bias)   [, the same of gx]
//   normed_conv2d_wgrad  (x, gy, …)       → gw = conv2d_wgrad(a(x), gy), or conv2d_wgrad(x, a(gy)) where `of` says gy
//
// (a transposed convolution's forward is the second)
//
// and both gradients of a backward pass in one launch, as kernels/conv2d_grads has them:
//
//   normed_conv2d_grads        (x, …, gy, w)     → gx = conv2d_dgrad(gy, w)·f, gw = conv2d_wgrad(a(x), gy)
//   normed_conv2d_dgrad_grads  (gy, …, w, g, gx) → ggy = conv2d_fwd(g·then′, w)·f, gw = conv2d_wgrad(g·then′, a(gy))
//
// where f is act′ of x (of gy) if norm is false, so that gx is the gradient by x; else 1, and batch_norm_bwd goes on from there. Where
// input_only is set, gw is not made. `then` is an activation whose derivative is found from the output (act_told_by_output); it and a bias,
// which is of the output's channels, stand only where nobody asks for statistics.
//
// Taps outside the image are zero: a() is not asked for them. Ioffe & Szegedy, "Batch Normalization" (2015), algorithm 1; a() rounds as
// batch_norm_fwd does (bn_affine), so both give the same bits, and statistics as defined there (kernels/batch_norm/batch_norm.h), of the
// output as it is stored.
//
// In bf16 all is rounded where the ops one after the other would store it: a(t) and g·then′ before they are multiplied, a convolution's sum
// before bias, `then` or f come to it, and their result once more; that plus its bias is not rounded on its way into `then`. Arithmetic
// between is f32, and so is everything per channel but the bias, which has the dtype of x, and gw. So the answer is that of the ops by
// themselves (kernels/bias_activation/bias_activation.h), up to the order of sums.
//
// Layouts and windows as in kernels/conv2d/conv2d.h; f32, f64 and bf16, everything per channel in accumulator_of(dtype). Images
// n·i/groups … belong to group i: mean and invstd are [groups, channels], gamma, beta and the running statistics [channels]. Buffers that a
// problem has no use for hold nothing: the four of the norm, the bias, the five of the statistics, gx of dgrad_grads, gw and `tickets` of
// the pairs where input_only is set. `tickets` counts finished blocks; all zero before, and after.
#pragma once
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/conv2d/conv2d.h"

namespace duel {

enum class NormedOperand { x, gy };

struct NormedConv2dProblem {
  Conv2dProblem conv;
  Act act = Act::none;  // none, relu or leaky_relu
  double slope = 0;     // of leaky_relu
  bool norm = true, statistics = false;
  int groups = 1;
  double eps = 1e-5, momentum = 0.1;    // of the statistics
  NormedOperand of = NormedOperand::x;  // of the weight gradient alone
  bool input_only = false;              // of the pairs: gw is not wanted, and is no buffer
  bool bias = false;                    // of fwd and dgrad without statistics
  Act then = Act::none;                 // of those; of dgrad_grads none, tanh or sigmoid
  double then_slope = 0;                // of `then`, where that is leaky_relu

  std::string text() const;  // n2h8w8c64k128r4u2pad1:f32/act=leaky_relu/slope=0.2/norm=1/statistics=1/groups=2
  static NormedConv2dProblem parse(const std::string& text);  // throws Error(usage)
};

struct NormedConv2dFwd {
  using Problem = NormedConv2dProblem;
  struct Args {
    const void *x, *mean, *invstd, *gamma, *beta, *w, *bias;
    void *y, *y_mean, *y_invstd, *running_mean, *running_var, *tickets;
  };
  static constexpr auto name = "normed_conv2d_fwd";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool multiply_adds = true;
  static Problem random(uint64_t seed);
};
struct NormedConv2dDgrad {
  using Problem = NormedConv2dProblem;
  struct Args {
    const void *gy, *mean, *invstd, *gamma, *beta, *w, *bias;
    void *gx, *gx_mean, *gx_invstd, *running_mean, *running_var, *tickets;
  };
  static constexpr auto name = "normed_conv2d_dgrad";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool multiply_adds = true;
  static Problem random(uint64_t seed);
};
struct NormedConv2dWgrad {
  using Problem = NormedConv2dProblem;
  struct Args {
    const void *x, *gy, *mean, *invstd, *gamma, *beta;
    void *gw, *tickets;
  };
  static constexpr auto name = "normed_conv2d_wgrad";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool multiply_adds = true;
  static Problem random(uint64_t seed);
};

struct NormedConv2dGrads {
  using Problem = NormedConv2dProblem;
  struct Args {
    const void *x, *mean, *invstd, *gamma, *beta, *gy, *w;
    void *gx, *gw, *tickets;
  };
  static constexpr auto name = "normed_conv2d_grads";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool multiply_adds = true;
  static Problem random(uint64_t seed);
};
struct NormedConv2dDgradGrads {
  using Problem = NormedConv2dProblem;
  struct Args {
    const void *gy, *mean, *invstd, *gamma, *beta, *w, *g, *gx;
    void *ggy, *gw, *tickets;
  };
  static constexpr auto name = "normed_conv2d_dgrad_grads";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool multiply_adds = true;
  static Problem random(uint64_t seed);
};

// Tickets of a launch: no row takes a problem that would want more.
constexpr int64_t most_tickets = 1024;

// Calls f(TypeTag<T>{}) with the element of a problem in f32 or bf16.
template <class F>
void with_element(DType t, F&& f) {
  if (t == DType::bf16) f(TypeTag<bf16>{});
  else f(TypeTag<float>{});
}

// What batch norm is told of the statistics of an output of so many pixels and channels.
inline BatchNormProblem statistics_problem(const NormedConv2dProblem& p, int64_t pixels, int channels) {
  return {.rows = pixels / p.groups, .c = channels, .groups = p.groups, .eps = p.eps, .momentum = p.momentum, .dtype = p.conv.dtype};
}

}  // namespace duel
