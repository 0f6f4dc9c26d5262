#include "models/layers.h"

namespace duel {

Weight make_weight(const Shape& shape, DType precision, Device device, bool with_copy) {
  const DType master = precision == DType::f64 ? DType::f64 : DType::f32;
  Weight w{Tensor(shape, master, device), {}};
  if (with_copy && precision == DType::bf16) w.copy = Tensor(shape, DType::bf16, device);
  return w;
}

ConvLayer make_conv(int k, int r, int c, int normed, Window window, DType precision, Device device) {
  ConvLayer l;
  l.window = window;
  l.w = make_weight({k, r, r, c}, precision, device);
  if (normed) {
    l.gamma = make_weight({normed}, precision, device, false), l.beta = make_weight({normed}, precision, device, false);
    l.running_mean = Tensor({normed}, l.gamma.master.dtype(), device), l.running_var = Tensor({normed}, l.gamma.master.dtype(), device);
  }
  return l;
}

ConvLayer make_biased_conv(int k, int r, int c, int biased, Window window, DType precision, Device device) {
  ConvLayer l = make_conv(k, r, c, 0, window, precision, device);
  l.bias = make_weight({biased}, precision, device);
  return l;
}

DenseLayer make_dense(int in, int out, DType precision, Device device) {
  return {make_weight({out, in}, precision, device), make_weight({out}, precision, device)};
}

void each_tensor(const std::string& at, ConvLayer& l, const Visitor& visit) {
  if (visit.weight) visit.weight(at + "w", l.w);
  if (visit.weight && l.has_bias()) visit.weight(at + "bias", l.bias);
  if (!l.has_norm()) return;
  if (visit.weight) visit.weight(at + "gamma", l.gamma), visit.weight(at + "beta", l.beta);
  if (visit.buffer) visit.buffer(at + "running_mean", l.running_mean), visit.buffer(at + "running_var", l.running_var);
}

void each_tensor(const std::string& at, DenseLayer& l, const Visitor& visit) {
  if (visit.weight) visit.weight(at + "w", l.w), visit.weight(at + "bias", l.bias);
}

Tensor normed(const Tensor& x, const ConvLayer& l, Mode mode, ActivationSpec then) {
  return mode == Mode::train ? batch_norm(x, l.norm(), then) : batch_norm_infer(x, l.norm(), then);
}

}  // namespace duel
