#include "models/layers.h"

#include "models/cgan.h"
#include "models/spectral_norm.h"

namespace duel {

Weight make_weight(const Shape& shape, DType precision, Device device, bool with_copy) {
  const DType master = precision == DType::f64 ? DType::f64 : DType::f32;
  Weight w{Tensor(shape, master, device), {}};
  if (with_copy && precision == DType::bf16) w.copy = Tensor(shape, DType::bf16, device);
  return w;
}

ConvLayer make_conv(int k, int r, int s, int c, int normed, Window window, DType precision, Device device) {
  ConvLayer l;
  l.window = window;
  l.w = make_weight({k, r, s, c}, precision, device);
  if (normed) add_norm(l, Norm::batch, normed);
  return l;
}

ConvLayer make_biased_conv(int k, int r, int c, int biased, Window window, DType precision, Device device) {
  ConvLayer l = make_conv(k, r, c, 0, window, precision, device);
  l.bias = make_weight({biased}, precision, device);
  return l;
}

DenseLayer make_dense(int in, int out, DType precision, Device device) {
  DenseLayer l;
  l.w = make_weight({out, in}, precision, device), l.bias = make_weight({out}, precision, device);
  return l;
}

void add_norm(Layer& l, Norm norm, int channels, int classes) {
  l.norm = norm;
  const DType dtype = l.w.master.dtype();
  const Device device = l.w.master.device();
  if (norm == Norm::spectral) {
    const int64_t out = l.w.master.shape()[0];
    l.u = Tensor({out}, dtype, device), l.v = Tensor({l.w.master.count() / out}, dtype, device);
  } else if (norm != Norm::none) {
    const Shape shape = norm == Norm::conditional ? Shape{classes, channels} : Shape{channels};
    l.gamma = make_weight(shape, dtype, device, false), l.beta = make_weight(shape, dtype, device, false);
  }
  if (norm == Norm::batch || norm == Norm::conditional)
    l.running_mean = Tensor({channels}, dtype, device), l.running_var = Tensor({channels}, dtype, device);
}

Tensor Layer::weight() const { return norm == Norm::spectral ? spectral_norm(w.used(), u, v) : w.used(); }

Tensor Layer::biased(const Tensor& x, ActivationSpec then) const {
  if (then.act == Act::none) return has_bias() ? x + bias.used() : x;
  return has_bias() ? bias_activation(x, bias.used(), then) : activation(x, then.act, then.slope);
}

static Conv2dProblem problem_of(const ConvLayer& l, const Tensor& x, const Tensor& w, Padding padding) {
  return padding == Padding::same ? conv2d_same_problem(x.shape(), w.shape(), l.window.stride)
                                  : conv2d_problem(x.shape(), w.shape(), l.window);
}
static Conv2dProblem transposed_problem_of(const ConvLayer& l, const Tensor& x, const Tensor& w, Padding padding) {
  return padding == Padding::same ? conv_transpose2d_same_problem(x.shape(), w.shape(), l.window.stride)
                                  : conv_transpose2d_problem(x.shape(), w.shape(), l.window);
}

Tensor convolved(const Tensor& x, const ConvLayer& l, ActivationSpec then, Padding padding) {
  const Tensor w = l.weight();
  return biased_conv2d_fwd(x, w, l.bias.used(), problem_of(l, x, w, padding), then);
}
Tensor conv_transposed(const Tensor& x, const ConvLayer& l, ActivationSpec then, Padding padding) {
  const Tensor w = l.weight();
  return biased_conv2d_dgrad(x, w, l.bias.used(), transposed_problem_of(l, x, w, padding), then);
}

void each_tensor(const std::string& at, Layer& l, const Visitor& visit) {
  if (visit.weight) {
    visit.weight(at + "w", l.w);
    if (l.has_bias()) visit.weight(at + "bias", l.bias);
    if (l.has_norm()) visit.weight(at + "gamma", l.gamma), visit.weight(at + "beta", l.beta);
  }
  if (!visit.buffer) return;
  if (l.running_mean) visit.buffer(at + "running_mean", l.running_mean), visit.buffer(at + "running_var", l.running_var);
  if (l.u) visit.buffer(at + "u", l.u), visit.buffer(at + "v", l.v);
}

static Tensor left_by(const Layer& l, const Tensor& x, const Pass& pass, ActivationSpec then) {
  switch (l.norm) {
    case Norm::batch:
      return pass.mode == Mode::train ? batch_norm(x, l.batch_norm(), then, pass.groups) : batch_norm_infer(x, l.batch_norm(), then);
    case Norm::layer:
      return layer_norm(x, l.gamma.master, l.beta.master, then, l.eps);
    case Norm::instance:
      return instance_norm(x, l.gamma.master, l.beta.master, then, l.eps);
    case Norm::conditional:
      return conditional_batch_norm(x, l, pass, then);
    case Norm::none:
    case Norm::spectral:
      break;
  }
  return then.act == Act::none ? x : activation(x, then.act, then.slope);
}

Tensor normed(const Tensor& x, const Layer& l, const Pass& pass, ActivationSpec then) {
  Tensor y = left_by(l, x, pass, then);
  if (pass.watch) pass.watch(l, x, y);
  return y;
}

static bool shifts(const Layer& l) { return l.norm != Norm::none && l.norm != Norm::spectral; }

Tensor biased_normed(const Tensor& x, const Layer& l, const Pass& pass, ActivationSpec then) {
  if (shifts(l)) return normed(l.biased(x), l, pass, then);
  Tensor y = l.biased(x, then);
  if (pass.watch) pass.watch(l, l.biased(x), y);
  return y;
}

Tensor convolved_normed(const Tensor& x, const ConvLayer& l, const Pass& pass, ActivationSpec then, Padding padding) {
  if (shifts(l)) return normed(convolved(x, l, {}, padding), l, pass, then);
  if (!pass.watch) return convolved(x, l, then, padding);
  const Tensor w = l.weight();  // who looks is shown what the activation is given, which is not stored where all is one
  return biased_normed(conv2d_fwd(x, w, problem_of(l, x, w, padding)), l, pass, then);
}

Tensor dropped(const Tensor& x, double p, const Pass& pass, int layer) {
  constexpr int most_layers = 256;
  if (pass.mode == Mode::infer || p == 0) return x;
  const int64_t n = x.shape()[0] / pass.groups;
  Tensor y;
  for (int i = 0; i < pass.groups; ++i) {
    const Tensor batch = pass.groups == 1 ? x : slice(x, i * n, (i + 1) * n);
    const int number = (pass.coins.pass + i) * most_layers + layer;
    const Tensor left = dropout(batch, p, {pass.coins.seed, RandomStream::dropout}, pass.coins.step, number, pass.coins.first);
    y = y ? concat(y, left) : left;
  }
  return y;
}

int64_t parameters_of(const Layer& l) {
  int64_t count = l.w.master.count();
  for (const Weight* w : {&l.bias, &l.gamma, &l.beta})
    if (w->master) count += w->master.count();
  return count;
}

}  // namespace duel
