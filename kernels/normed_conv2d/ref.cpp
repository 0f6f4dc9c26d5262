// The reference: the tensor is made, rounded to its type as it would be stored, and convolved by the reference of that.
#include "kernels/batch_norm/functions.h"
#include "kernels/bias_activation/bias_activation.h"
#include "kernels/normed_conv2d/normed_conv2d.h"
#include "kernels/reference.h"
#include "kernels/rounding.h"

namespace duel {
namespace {

using P = NormedConv2dProblem;

bool supports_without(const P& p) { return is_floating(p.conv.dtype) && bn_supports_act(p.act); }
bool supports(const P& p) { return supports_without(p) && p.then == Act::none; }
bool supports_then(const P& p) { return supports_without(p) && (p.then == Act::none || (act_saves_output(p.then) && !p.statistics)); }
bool supports_behind(const P& p) {
  return supports_without(p) && (p.statistics ? !p.bias && p.then == Act::none : act_told_by_output(p.then, p.then_slope));
}

// a(t) of [n, pixels, channels].
template <class T>
std::vector<T> normed(const P& p, int64_t count, int channels, const void* from, const void* mean, const void* invstd, const void* gamma,
                      const void* beta) {
  using A = accumulator_t<T>;
  std::vector<T> made(static_cast<size_t>(count));
  const int64_t group = count / p.groups;
  for (int64_t i = 0; i < count; ++i) {
    A v = static_cast<A>(static_cast<const T*>(from)[i]);
    const int64_t c = i % channels, at = i / group * channels + c;
    if (p.norm) {
      const A scale = static_cast<const A*>(gamma)[c] * static_cast<const A*>(invstd)[at];
      v = bn_affine(v, static_cast<const A*>(mean)[at], scale, static_cast<const A*>(beta)[c]);
    }
    made[static_cast<size_t>(i)] = static_cast<T>(bn_act_forward(p.act, v, static_cast<A>(p.slope)));
  }
  return made;
}

// Of a tensor as it is stored, where they are wanted.
void statistics(const P& p, int64_t count, int channels, const void* of, void* mean, void* invstd, void* running_mean, void* running_var) {
  if (!p.statistics) return;
  with_floating(p.conv.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    const std::vector<A> one(static_cast<size_t>(channels), A(1));
    std::vector<T> unused(static_cast<size_t>(count));
    run_reference<BatchNormFwd>(statistics_problem(p, count / channels, channels),
                                {of, one.data(), one.data(), unused.data(), mean, invstd, running_mean, running_var});
  });
}
void find_statistics(const P& p, const NormedConv2dFwd::Args& a) {
  statistics(p, p.conv.y_count(), p.conv.k, a.y, a.y_mean, a.y_invstd, a.running_mean, a.running_var);
}
void find_statistics(const P& p, const NormedConv2dDgrad::Args& a) {
  statistics(p, p.conv.x_count(), p.conv.c, a.gx, a.gx_mean, a.gx_invstd, a.running_mean, a.running_var);
}

// Bias and activation behind a convolution, in place.
void finish(const P& p, int64_t count, int channels, const void* bias, void* out) {
  const DType dtype = p.conv.dtype;
  if (p.bias)
    run_reference<BiasActivation>({.rows = count / channels, .c = channels, .act = p.then, .slope = p.then_slope, .dtype = dtype},
                                  {out, bias, out});
  else if (p.then != Act::none) run_reference<Activation>({.n = count, .act = p.then, .slope = p.then_slope, .dtype = dtype}, {out, out});
}

void run_fwd(const P& p, const NormedConv2dFwd::Args& a, Scratch, Stream) {
  const Conv2dProblem& d = p.conv;
  with_floating(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto x = normed<T>(p, d.x_count(), d.c, a.x, a.mean, a.invstd, a.gamma, a.beta);
    run_reference<Conv2dFwd>(d, {x.data(), a.w, a.y});
  });
  finish(p, d.y_count(), d.k, a.bias, a.y);
  find_statistics(p, a);
}
void run_dgrad(const P& p, const NormedConv2dDgrad::Args& a, Scratch, Stream) {
  const Conv2dProblem& d = p.conv;
  with_floating(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto gy = normed<T>(p, d.y_count(), d.k, a.gy, a.mean, a.invstd, a.gamma, a.beta);
    run_reference<Conv2dDgrad>(d, {gy.data(), a.w, a.gx});
  });
  finish(p, d.x_count(), d.c, a.bias, a.gx);
  find_statistics(p, a);
}
void run_wgrad(const P& p, const NormedConv2dWgrad::Args& a, Scratch, Stream) {
  const Conv2dProblem& d = p.conv;
  with_floating(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const bool of_x = p.of == NormedOperand::x;
    const auto made =
        normed<T>(p, of_x ? d.x_count() : d.y_count(), of_x ? d.c : d.k, of_x ? a.x : a.gy, a.mean, a.invstd, a.gamma, a.beta);
    run_reference<Conv2dWgrad>(d, {of_x ? made.data() : a.x, of_x ? a.gy : made.data(), a.gw});
  });
}

// gradient·act′(raw), in place, where no norm stands between.
template <class T>
void through_activation(const P& p, int64_t count, const void* raw, void* gradient) {
  using A = accumulator_t<T>;
  if (p.norm) return;
  T* g = static_cast<T*>(gradient);
  for (int64_t i = 0; i < count; ++i)
    g[i] = static_cast<T>(static_cast<A>(g[i]) *
                          bn_act_grad_factor(p.act, static_cast<A>(static_cast<const T*>(raw)[i]), static_cast<A>(p.slope)));
}

// gradient·then′, found from the output, in the arithmetic of the rows: ActivationGrad's reference computes in f64, and what it rounds the
// other way would be multiplied so.
template <class T>
std::vector<T> through_then(const P& p, int64_t count, const void* out, const void* gradient) {
  using A = accumulator_t<T>;
  const T* g = static_cast<const T*>(gradient);
  std::vector<T> made(g, g + count);
  if (p.then == Act::none) return made;
  for (int64_t i = 0; i < count; ++i)
    made[static_cast<size_t>(i)] =
        static_cast<T>(static_cast<A>(g[i]) * act_grad_factor(p.then, static_cast<A>(static_cast<const T*>(out)[i]), A(0)));
  return made;
}

void run_grads(const P& p, const NormedConv2dGrads::Args& a, Scratch, Stream) {
  const Conv2dProblem& d = p.conv;
  with_floating(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto x = normed<T>(p, d.x_count(), d.c, a.x, a.mean, a.invstd, a.gamma, a.beta);
    run_reference<Conv2dDgrad>(d, {a.gy, a.w, a.gx});
    through_activation<T>(p, d.x_count(), a.x, a.gx);
    if (!p.input_only) run_reference<Conv2dWgrad>(d, {x.data(), a.gy, a.gw});
  });
}
void run_dgrad_grads(const P& p, const NormedConv2dDgradGrads::Args& a, Scratch, Stream) {
  const Conv2dProblem& d = p.conv;
  with_floating(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto gy = normed<T>(p, d.y_count(), d.k, a.gy, a.mean, a.invstd, a.gamma, a.beta);
    const auto g = through_then<T>(p, d.x_count(), a.gx, a.g);
    run_reference<Conv2dFwd>(d, {g.data(), a.w, a.ggy});
    through_activation<T>(p, d.y_count(), a.gy, a.ggy);
    if (!p.input_only) run_reference<Conv2dWgrad>(d, {g.data(), gy.data(), a.gw});
  });
}

KERNEL_VARIANT(NormedConv2dFwd, ref, reference_rank, supports_behind, no_scratch, run_fwd);
KERNEL_VARIANT(NormedConv2dDgrad, ref, reference_rank, supports_behind, no_scratch, run_dgrad);
KERNEL_VARIANT(NormedConv2dWgrad, ref, reference_rank, supports, no_scratch, run_wgrad);
KERNEL_VARIANT(NormedConv2dGrads, ref, reference_rank, supports, no_scratch, run_grads);
KERNEL_VARIANT(NormedConv2dDgradGrads, ref, reference_rank, supports_then, no_scratch, run_dgrad_grads);

ROUNDS_BETWEEN_AND_FINDS(NormedConv2dFwd, find_statistics, "out_mean", "out_invstd", "running_mean", "running_var");
ROUNDS_BETWEEN_AND_FINDS(NormedConv2dDgrad, find_statistics, "out_mean", "out_invstd", "running_mean", "running_var");
ADDS_TO_ROUNDED(NormedConv2dFwd, "bias");
ADDS_TO_ROUNDED(NormedConv2dDgrad, "bias");
ROUNDS_BETWEEN(NormedConv2dWgrad);
ROUNDS_BETWEEN(NormedConv2dGrads);
ROUNDS_BETWEEN(NormedConv2dDgradGrads);

}  // namespace
}  // namespace duel
