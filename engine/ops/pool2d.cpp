// Two families, each closed under differentiation: the maximum with its scatter and gather by taps, and the average with its adjoint, which
// is also upsampling.
#include "kernels/pool2d/pool2d.h"

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

Shape x_shape(const Pool2dProblem& d) { return {d.n, d.h, d.w, d.c}; }
Shape y_shape(const Pool2dProblem& d) { return {d.n, d.p, d.q, d.c}; }

void check_operand(const char* op, const char* what, const Tensor& t, const Shape& want, const Pool2dProblem& d) {
  check_floating(op, t);
  check(t.shape() == want, op, "{} is {}, but the problem says {}", what, t.shape(), want);
  check(d.windows_hold_pixels(), op, "a window of {} lies wholly outside the image; pad less", d);
}
void check_tap(const char* op, const Tensor& t, const Tensor& tap, const Pool2dProblem& d) {
  check(tap && tap.dtype() == DType::i32 && tap.shape() == y_shape(d) && tap.device() == t.device(), op,
        "wants taps i32{} on one device with {}, not {}; max_pool2d makes them", y_shape(d), t, tap);
}

int size(int64_t value) { return static_cast<int>(value); }

Pool2dProblem problem_of(const char* op, const Tensor& x, Pool pool, PoolOver over = PoolOver::window) {
  check_floating(op, x);
  check(x.shape().rank() == 4, op, "wants x [n,h,w,c], not {}", x);
  if (pool.stride == 0) pool.stride = pool.size;
  check(pool.size >= 1 && pool.stride >= 1 && pool.pad >= 0 && pool.pad < pool.size, op,
        "size {}, stride {} and pad {}; size and stride are at least 1, and pad is less than size", pool.size, pool.stride, pool.pad);
  Pool2dProblem d{.n = size(x.shape()[0]),
                  .h = size(x.shape()[1]),
                  .w = size(x.shape()[2]),
                  .c = size(x.shape()[3]),
                  .r = pool.size,
                  .s = pool.size,
                  .u = pool.stride,
                  .v = pool.stride,
                  .top = pool.pad,
                  .left = pool.pad,
                  .over = over,
                  .dtype = x.dtype()};
  check(d.h + 2 * d.top >= d.r && d.w + 2 * d.left >= d.s, op,
        "window {}×{} is larger than the padded image of x {}; pad more or pool less", d.r, d.s, x.shape());
  d.p = conv_size(d.h, d.r, d.u, d.top), d.q = conv_size(d.w, d.s, d.v, d.left);
  return d;
}

}  // namespace

Tensor max_pool2d_fwd(const Tensor& x, Pool2dProblem d) {
  check_operand("max_pool2d", "x", x, x_shape(d), d);
  d.dtype = x.dtype();
  Tensor y(y_shape(d), x.dtype(), x.device()), tap(y_shape(d), DType::i32, x.device());
  dispatch<MaxPool2d>(d, {x.data(), y.data(), tap.data()}, x.device());
  return record("max_pool2d", y, {x}, [tap, d](const Tensor&, const Tensor& g, Needs) { return Tensors{max_pool2d_scatter(g, tap, d)}; });
}

Tensor max_pool2d_scatter(const Tensor& gy, const Tensor& tap, Pool2dProblem d) {
  check_operand("max_pool2d_scatter", "gy", gy, y_shape(d), d), check_tap("max_pool2d_scatter", gy, tap, d);
  d.dtype = gy.dtype();
  Tensor gx(x_shape(d), gy.dtype(), gy.device());
  dispatch<MaxPool2dScatter>(d, {gy.data(), tap.data(), gx.data()}, gy.device());
  return record("max_pool2d_scatter", gx, {gy},
                [tap, d](const Tensor&, const Tensor& g, Needs) { return Tensors{max_pool2d_gather(g, tap, d)}; });
}

Tensor max_pool2d_gather(const Tensor& x, const Tensor& tap, Pool2dProblem d) {
  check_operand("max_pool2d_gather", "x", x, x_shape(d), d), check_tap("max_pool2d_gather", x, tap, d);
  d.dtype = x.dtype();
  Tensor y(y_shape(d), x.dtype(), x.device());
  dispatch<MaxPool2dGather>(d, {x.data(), tap.data(), y.data()}, x.device());
  return record("max_pool2d_gather", y, {x},
                [tap, d](const Tensor&, const Tensor& g, Needs) { return Tensors{max_pool2d_scatter(g, tap, d)}; });
}

Tensor avg_pool2d_fwd(const Tensor& x, Pool2dProblem d) {
  check_operand("avg_pool2d", "x", x, x_shape(d), d);
  d.dtype = x.dtype();
  Tensor y(y_shape(d), x.dtype(), x.device());
  dispatch<AvgPool2d>(d, {x.data(), y.data()}, x.device());
  return record("avg_pool2d", y, {x}, [d](const Tensor&, const Tensor& g, Needs) { return Tensors{avg_pool2d_grad(g, d)}; });
}

Tensor avg_pool2d_grad(const Tensor& gy, Pool2dProblem d) {
  check_operand("avg_pool2d_grad", "gy", gy, y_shape(d), d);
  d.dtype = gy.dtype();
  Tensor gx(x_shape(d), gy.dtype(), gy.device());
  dispatch<AvgPool2dGrad>(d, {gy.data(), gx.data()}, gy.device());
  return record("avg_pool2d_grad", gx, {gy}, [d](const Tensor&, const Tensor& g, Needs) { return Tensors{avg_pool2d_fwd(g, d)}; });
}

Tensor max_pool2d(const Tensor& x, Pool pool) { return max_pool2d_fwd(x, problem_of("max_pool2d", x, pool)); }
Tensor avg_pool2d(const Tensor& x, Pool pool, PoolOver over) { return avg_pool2d_fwd(x, problem_of("avg_pool2d", x, pool, over)); }

Tensor global_avg_pool(const Tensor& x) {
  Pool2dProblem d = problem_of("global_avg_pool", x, {.size = 1});
  d.r = d.h, d.s = d.w, d.p = d.q = 1;
  return reshape(avg_pool2d_fwd(x, d), {d.n, d.c});
}

Tensor upsample_nearest(const Tensor& x, int rows, int cols) {
  check(rows >= 1 && cols >= 1, "upsample_nearest", "factors {} and {} must be at least 1", rows, cols);
  Pool2dProblem d = problem_of("upsample_nearest", x, {.size = 1}, PoolOver::one);
  d.r = d.u = rows, d.s = d.v = cols, d.h *= rows, d.w *= cols;  // the pooling whose adjoint this is: from the large image to x
  return avg_pool2d_grad(x, d);
}

}  // namespace duel
