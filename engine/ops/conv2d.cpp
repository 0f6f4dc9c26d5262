// Three ops, closed under differentiation: the derivative of each is the other two, as one launch where there is a row for both.
#include <algorithm>

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"
#include "engine/ops/rules.h"
#include "engine/tickets.h"
#include "kernels/conv2d_grads/conv2d_grads.h"
#include "kernels/row_choice.h"

namespace duel {
namespace {

void check_shape(const char* op, const char* what, const Tensor& t, const Shape& want) {
  check(t.shape() == want, op, "{} is {}, but the problem says {}", what, t.shape(), want);
}

void check_window(const char* op, const Shape& x, const Shape& w, int channel_axis, Window window) {
  check(x.rank() == 4 && w.rank() == 4, op, "wants x [n,h,w,c] and w [k,r,s,c], not {} and {}", x, w);
  check(x[3] == w[channel_axis], op, "x {} has {} channels, but w {} takes {}", x, x[3], w, w[channel_axis]);
  check(window.stride >= 1 && window.pad >= 0, op, "stride {} and pad {}; stride is at least 1 and pad at least 0", window.stride,
        window.pad);
}

// Whether both gradients are to come from one row. It must rank with those of the single ops, ByInput and wgrad, which go their own ways
// where one of their rows was asked for by name, and where the gradients are themselves recorded.
template <class Both, class ByInput>
bool in_one_launch(const Conv2dProblem& d, Device device, Needs needs) {
  if (!needs[0] || !needs[1] || recording()) return false;
  if (!row_asked_for(Both::name).empty()) return true;
  if (!row_asked_for(ByInput::name).empty() || !row_asked_for(Conv2dWgrad::name).empty()) return false;
  const Row *both = row_by_rank(Both::name, &d, device), *by_input = row_by_rank(ByInput::name, &d, device),
            *wgrad = row_by_rank(Conv2dWgrad::name, &d, device);
  return both && both->rank > reference_rank && by_input && both->rank >= by_input->rank && wgrad && both->rank >= wgrad->rank;
}

int size(int64_t value) { return static_cast<int>(value); }

// The convolution of [n,h,w,c] by w [k,r,s,c] with "same" padding.
Conv2dProblem same_padding(int64_t n, int64_t h, int64_t w, const Shape& s, int stride) {
  Conv2dProblem d{.n = size(n),
                  .h = size(h),
                  .w = size(w),
                  .c = size(s[3]),
                  .k = size(s[0]),
                  .r = size(s[1]),
                  .s = size(s[2]),
                  .u = stride,
                  .v = stride};
  d.p = (d.h + stride - 1) / stride, d.q = (d.w + stride - 1) / stride;
  d.top = std::max((d.p - 1) * stride + d.r - d.h, 0) / 2, d.left = std::max((d.q - 1) * stride + d.s - d.w, 0) / 2;
  return d;
}

Tensors both_grads(const Tensor& x, const Tensor& gy, const Tensor& w, const Conv2dProblem& d) {
  Tensor gx(x_shape(d), x.dtype(), x.device()), gw(w_shape(d), accumulator_of(x.dtype()), x.device());
  dispatch<Conv2dGrads>(d, {x.data(), gy.data(), w.data(), gx.data(), gw.data(), tickets(x.device(), conv2d_tickets)}, x.device());
  return {gx, gw};
}
Tensors both_dgrad_grads(const Tensor& gy, const Tensor& w, const Tensor& g, const Conv2dProblem& d) {
  Tensor ggy(y_shape(d), g.dtype(), g.device()), gw(w_shape(d), accumulator_of(g.dtype()), g.device());
  dispatch<Conv2dDgradGrads>(d, {gy.data(), w.data(), g.data(), ggy.data(), gw.data(), tickets(g.device(), conv2d_tickets)}, g.device());
  return {ggy, gw};
}

}  // namespace

void check_conv2d(const char* op, const char* what, const Tensor& read, const Shape& of_read, const Tensor& w, const Conv2dProblem& d) {
  check_like(op, read, w);
  check_shape(op, what, read, of_read), check_shape(op, "w", w, w_shape(d));
}

Tensors conv2d_fwd_gradients(const Tensor& x, const Tensor& w, const Conv2dProblem& d, const Tensor& g, Needs needs) {
  if (in_one_launch<Conv2dGrads, Conv2dDgrad>(d, g.device(), needs)) return both_grads(x, g, w, d);
  return {needs[0] ? conv2d_dgrad(g, w, d) : Tensor(), needs[1] ? conv2d_wgrad(x, g, d) : Tensor()};
}
Tensors conv2d_dgrad_gradients(const Tensor& gy, const Tensor& w, const Conv2dProblem& d, const Tensor& g, Needs needs) {
  if (in_one_launch<Conv2dDgradGrads, Conv2dFwd>(d, g.device(), needs)) return both_dgrad_grads(gy, w, g, d);
  return {needs[0] ? conv2d_fwd(g, w, d) : Tensor(), needs[1] ? conv2d_wgrad(g, gy, d) : Tensor()};
}

Tensor conv2d_fwd(const Tensor& x, const Tensor& w, Conv2dProblem d) {
  check_conv2d("conv2d_fwd", "x", x, x_shape(d), w, d);
  d.dtype = x.dtype();
  Tensor y(y_shape(d), x.dtype(), x.device());
  dispatch<Conv2dFwd>(d, {x.data(), w.data(), y.data()}, x.device());
  return record("conv2d_fwd", y, {x, w},
                [x, w, d](const Tensor&, const Tensor& g, Needs needs) { return conv2d_fwd_gradients(x, w, d, g, needs); });
}

Tensor conv2d_dgrad(const Tensor& gy, const Tensor& w, Conv2dProblem d) {
  check_conv2d("conv2d_dgrad", "gy", gy, y_shape(d), w, d);
  d.dtype = gy.dtype();
  Tensor gx(x_shape(d), gy.dtype(), gy.device());
  dispatch<Conv2dDgrad>(d, {gy.data(), w.data(), gx.data()}, gy.device());
  return record("conv2d_dgrad", gx, {gy, w},
                [gy, w, d](const Tensor&, const Tensor& g, Needs needs) { return conv2d_dgrad_gradients(gy, w, d, g, needs); });
}

Tensor conv2d_wgrad(const Tensor& x, const Tensor& gy, Conv2dProblem d) {
  check_like("conv2d_wgrad", x, gy);
  check_shape("conv2d_wgrad", "x", x, x_shape(d)), check_shape("conv2d_wgrad", "gy", gy, y_shape(d));
  d.dtype = x.dtype();
  Tensor gw(w_shape(d), accumulator_of(x.dtype()), x.device());
  dispatch<Conv2dWgrad>(d, {x.data(), gy.data(), gw.data(), tickets(x.device(), conv2d_tickets)}, x.device());
  return record("conv2d_wgrad", gw, {x, gy}, [x, gy, d](const Tensor&, const Tensor& g, Needs needs) {
    const Tensor w = cast(g, x.dtype());  // stands where a weight would
    return Tensors{needs[0] ? conv2d_dgrad(gy, w, d) : Tensor(), needs[1] ? conv2d_fwd(x, w, d) : Tensor()};
  });
}

Conv2dProblem conv2d_problem(const Shape& x, const Shape& w, Window window) {
  check_window("conv2d", x, w, 3, window);
  Conv2dProblem d{.n = size(x[0]),
                  .h = size(x[1]),
                  .w = size(x[2]),
                  .c = size(x[3]),
                  .k = size(w[0]),
                  .r = size(w[1]),
                  .s = size(w[2]),
                  .u = window.stride,
                  .v = window.stride,
                  .top = window.pad,
                  .left = window.pad};
  d.p = conv_size(d.h, d.r, d.u, d.top), d.q = conv_size(d.w, d.s, d.v, d.left);
  check(d.h + 2 * d.top >= d.r && d.w + 2 * d.left >= d.s, "conv2d",
        "kernel {}×{} is larger than the padded image of x {}; pad more or use a smaller kernel", d.r, d.s, x);
  return d;
}
Tensor conv2d(const Tensor& x, const Tensor& w, Window window) {
  check_like("conv2d", x, w);
  return conv2d_fwd(x, w, conv2d_problem(x.shape(), w.shape(), window));
}

Conv2dProblem conv2d_same_problem(const Shape& x, const Shape& w, int stride) {
  check_window("conv2d_same", x, w, 3, {stride, 0});
  return same_padding(x[0], x[1], x[2], w, stride);
}
Tensor conv2d_same(const Tensor& x, const Tensor& w, int stride) {
  check_like("conv2d_same", x, w);
  return conv2d_fwd(x, w, conv2d_same_problem(x.shape(), w.shape(), stride));
}

Conv2dProblem conv_transpose2d_same_problem(const Shape& x, const Shape& w, int stride) {
  check_window("conv_transpose2d_same", x, w, 0, {stride, 0});
  return same_padding(x[0], x[1] * stride, x[2] * stride, w, stride);
}
Tensor conv_transpose2d_same(const Tensor& x, const Tensor& w, int stride) {
  check_like("conv_transpose2d_same", x, w);
  return conv2d_dgrad(x, w, conv_transpose2d_same_problem(x.shape(), w.shape(), stride));
}

Conv2dProblem conv_transpose2d_problem(const Shape& x, const Shape& w, Window window) {
  check_window("conv_transpose2d", x, w, 0, window);
  Conv2dProblem d{.n = size(x[0]),
                  .c = size(w[3]),
                  .k = size(x[3]),
                  .r = size(w[1]),
                  .s = size(w[2]),
                  .p = size(x[1]),
                  .q = size(x[2]),
                  .u = window.stride,
                  .v = window.stride,
                  .top = window.pad,
                  .left = window.pad};
  d.h = (d.p - 1) * d.u - 2 * d.top + d.r, d.w = (d.q - 1) * d.v - 2 * d.left + d.s;
  check(d.h >= 1 && d.w >= 1, "conv_transpose2d", "x {} and w {} leave no output; pad less", x, w);
  return d;
}
Tensor conv_transpose2d(const Tensor& x, const Tensor& w, Window window) {
  check_like("conv_transpose2d", x, w);
  return conv2d_dgrad(x, w, conv_transpose2d_problem(x.shape(), w.shape(), window));
}

}  // namespace duel
